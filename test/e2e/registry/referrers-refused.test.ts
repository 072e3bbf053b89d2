import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { commands } from "../../../src/cli/commands/index.js";
import { exits, refuses } from "../../support/process/exits.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { hostImage } from "../../support/registry/hosted-image.js";
import { reply } from "../../support/registry/request-log.js";
import { on, startStrictRegistry } from "../../support/registry/strict/strict-registry.js";
import { scratchDirectory } from "../../support/scratch.js";
import { signedVectors } from "../../support/signing/signed-vectors.js";

const scratch = scratchDirectory();
const registry = await startStrictRegistry();
after(() => registry[Symbol.asyncDispose]());
hostImage(registry, "app:1");
registry.inject(
  on("GET", /\/referrers\//),
  (exchange) => reply(exchange, exchange.url.pathname.startsWith("/v2/app/") ? 403 : 500),
  Number.POSITIVE_INFINITY,
);

const keys = join(process.cwd(), "test", "vectors", "jwe-rsa2048", "keys");
const words = new Map([
  ["APP", `docker://${registry.host}/app`],
  ["TO", `docker://${registry.host}/to`],
  ["KEY", join(keys, "recipient.pem")],
  ["PUBLIC", `jwe:${join(keys, "recipient.pub.pem")}`],
  ["SIGNER", `sigstore:${join(signedVectors, "keys", "sigstore-k1.pub")}`],
]);
const filled = (line: string) =>
  line.split(" ").map((word) => word.replace(/^[A-Z]+/, (name) => words.get(name) ?? name));
const cli = (line: string) => {
  const env = { HOME: scratch, OCI_ENC_STORE: join(scratch, "store"), OCI_ENC_RETRY_TIMES: "0" };
  return ociEnc(filled(line), { cwd: scratch, env });
};

describe("a registry that does not tell what refers to an image", () => {
  test("lets it come, go, be encrypted and decrypted, with a warning that names the way on, on each command", async () => {
    for (const line of [
      "pull APP:1",
      "copy APP:1 TO:1",
      "push APP:1 TO:pushed",
      "encrypt -r PUBLIC APP:1 APP:1-enc",
      "copy TO:1 oci:from-500:1",
      "recipients add -k KEY -r PUBLIC APP:1-enc TO:added",
      "rekey -k KEY -r PUBLIC APP:1-enc TO:rekeyed",
      "decrypt -k KEY APP:1-enc oci:opened:1",
    ]) {
      const { stderr } = await exits(0, cli(line));
      assert.match(stderr, /does not tell.*(?:403|500).*--referrers=false/, line);
      assert.equal(stderr.match(/does not tell/g)?.length, 1, stderr);
    }
    const silent = await exits(0, cli("encrypt --referrers=false -r PUBLIC APP:1 oci:silent:1"));
    assert.doesNotMatch(silent.stderr, /does not tell/);
    const { stderr } = await refuses(cli("copy --referrers APP:1 oci:strict:1"));
    assert.match(stderr, /403/);
    assert.match(stderr, /--referrers=false/);
  });

  test("is listed as such by signatures", async () => {
    const { stdout } = await exits(0, cli("signatures APP:1"));
    assert.match(stdout, /broken .*referrers: .*403/);
  });

  test("fails whoever requires a signature, and nothing of the image is written", async () => {
    for (const line of [
      "verify --trust SIGNER APP:1",
      "pull --trust SIGNER APP:1 unsigned:1",
      "copy --trust SIGNER APP:1 oci:unsigned:1",
      "copy --trust SIGNER --referrers=false APP:1 oci:unsigned:1",
      "unpack --trust SIGNER APP:1 tree",
    ]) {
      const { status, stdout, stderr } = await refuses(cli(line));
      assert.ok([4, 5, 8].includes(status), `${line}: ${status}`);
      assert.match(stdout + stderr, /403/, line);
    }
    for (const name of ["unsigned", "tree"]) assert.equal(existsSync(join(scratch, name)), false);
  });
});

test("what errors and warnings name as a way on is an option of every command that writes an image", async () => {
  for (const { name, load } of commands) {
    const flags = new Set((await load()).flags.map((flag) => flag.name));
    if (!flags.has("dest-creds") || !flags.has("dry-run")) continue;
    assert.ok(flags.has("chunk-size"), name);
    assert.equal(flags.has("referrers"), name !== "sign", name);
  }
});
