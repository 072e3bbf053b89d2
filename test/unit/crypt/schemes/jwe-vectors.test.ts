import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { decodePrivateOptions } from "../../../../src/crypt/layer-options.js";
import { jwe } from "../../../../src/crypt/schemes/jwe/jwe.js";
import { jwePacket } from "../../../support/encrypted/handmade-jwe.js";
import { expectedError } from "../../../support/expected-error.js";
import { decryptionKey } from "../../../support/keys/key-pair.js";

interface Vector {
  readonly name: string;
  readonly packets: readonly string[];
  readonly digest: string;
  readonly keys: readonly VectorKey[];
  readonly strangers: readonly VectorKey[];
}

interface VectorKey {
  readonly name: string;
  readonly value: string;
  readonly passphrase?: string;
}

const vectors: readonly Vector[] = JSON.parse(
  readFileSync(new URL("../../../../../test/vectors/jwe-packets/packets.json", import.meta.url), "utf8"),
);

for (const { name, packets, digest, keys, strangers } of vectors) {
  const offered = ({ value, ...options }: VectorKey) => decryptionKey(Buffer.from(value, "base64"), options);

  test(`the wrapped keys of the vector ${name} open with each of its keys`, async () => {
    for (const key of keys) {
      const unwrapper = await jwe.unwrapWith([offered(key)]);
      const found = await Promise.all(packets.map((packet) => unwrapper?.unwrap(jwePacket(packet))));
      const options = found.filter((opened) => opened !== undefined).map(decodePrivateOptions);
      assert.deepEqual(
        options.map((option) => option.digest),
        [digest],
        key.name,
      );
    }
  });

  test(`the wrapped keys of the vector ${name} do not open with any other key`, async () => {
    for (const key of strangers) {
      const attempt = jwe.unwrapWith([offered(key)]);
      if (name === "jwe-keyforms-rsa") await assert.rejects(attempt, expectedError("KEY_INVALID", /passphrase/));
      else for (const packet of packets) assert.equal(await (await attempt)?.unwrap(jwePacket(packet)), undefined);
    }
  });
}
