import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { exits } from "../../support/process/exits.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { scratchDirectory } from "../../support/scratch.js";

const vectors = join(process.cwd(), "test", "vectors");

for (const [id, status, reason] of [
  ["jwe-ec-p256", 0, ""],
  ["edge-cipher-unknown", 9, /unknown cipher "AES_256_GCM"/],
  ["edge-nonce-short", 6, /the wrapped nonce has 8 bytes, not 16/],
  ["edge-hmac-missing", 6, /the HMAC has 0 bytes, not 32/],
] as const) {
  test(`${id}: can-decrypt ends with ${status}, as decrypt does, and layerinfo shows it in its table`, async () => {
    const keyed = ["-k", join(vectors, id, "keys", "recipient.pem"), `oci:${join(vectors, id, "image")}:enc`];
    const { stdout, stderr } = await exits(status, ociEnc(["can-decrypt", "--json", ...keyed]));
    await exits(status, ociEnc(["decrypt", ...keyed, `oci:${join(scratchDirectory(), id)}:x`]));
    const shown = await exits(0, ociEnc(["layerinfo", ...keyed]));
    const [layer] = (JSON.parse(stdout) as { layers: { answer: string; reason?: string }[] }).layers;
    if (status === 0) {
      assert.deepEqual([layer?.answer, stderr], ["yes", ""]);
      assert.match(shown.stdout, / yes /);
      return;
    }
    assert.equal(layer?.answer, "cannot");
    assert.match(layer?.reason ?? "", reason);
    assert.match(JSON.parse(stderr).message, reason);
    assert.match(shown.stdout, new RegExp(`cannot: ${reason.source}`));
  });
}
