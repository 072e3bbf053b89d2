import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { recipientKeys } from "../../../../src/crypt/schemes/pgp/public-keys.js";
import { describePgpKeys } from "../../../../src/keys/pgp/describe.js";
import { libraryReason } from "../../../../src/keys/pgp/library-limits.js";
import { fileBackend } from "../../../../src/sign/gpg/file-backend.js";
import { gpgVerifier } from "../../../../src/sign/gpg/verifier.js";
import { expectedError } from "../../../support/expected-error.js";
import { type GpgHome, makeGpgHome } from "../../../support/keys/key-material.js";
import { systemPeer } from "../../../support/process/peer.js";
import { scratchDirectory } from "../../../support/scratch.js";
import { imageOne } from "../../../support/signing/containers-case.js";
import { gpgSignature, payloadOfOne } from "../../../support/signing/gpg-message.js";

const scratch = scratchDirectory();
const homes: GpgHome[] = [];
after(() => {
  for (const { end } of homes) end();
});

describe("OpenPGP keys on curves that the library cannot check", { skip: systemPeer("gpg").missing }, () => {
  for (const curve of ["brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1", "secp256k1"]) {
    test(`${curve} is UNSUPPORTED, by name, to verify with, to encrypt for and to sign with`, async () => {
      const home = makeGpgHome(scratch, [`Alice <${curve}@example.test>`], { primary: curve, encryption: curve });
      homes.push(home);
      const says = new RegExp(`is on the curve ${curve}, which is not supported`);
      const ring = home.gpg(["--export"]);
      const message = home.gpg(["--sign"], Buffer.from(payloadOfOne()).toString());
      const judgement = await (await gpgVerifier([ring])).verify(gpgSignature(message), imageOne(), new Date());
      assert.ok(judgement.verdict === "refused" && judgement.code === "UNSUPPORTED", JSON.stringify(judgement));
      assert.match(judgement.reason, says);
      const origin = join("keys", "alice.gpg");
      const recipient = { scheme: "pgp", value: ring, origin } as const;
      await assert.rejects(recipientKeys([recipient], {}), expectedError("UNSUPPORTED", says, /Curve25519/));
      const secret = home.gpg(["--pinentry-mode", "loopback", "--passphrase", "", "--export-secret-keys"]);
      const held = fileBackend({ value: secret, passphrase: undefined, origin });
      await assert.rejects(held, expectedError("UNSUPPORTED", says, /Curve25519/));
      const [described] = (await describePgpKeys({ value: ring, origin })) ?? [];
      assert.match(described?.details.find(([name]) => name === "expires")?.[1] ?? "", /cannot be checked here/);
    });
  }
});

test("what comes from below the library is not shown, as it names files of this machine", () => {
  const missing = new Error("Cannot find module 'x'\nRequire stack:\n- /opt/app/node_modules/y.js");
  for (const error of [
    missing,
    new Error("Error verifying: Cannot find package 'x' imported from /opt/y.js"),
    "text",
  ]) {
    assert.doesNotMatch(libraryReason(error), /opt|node_modules/);
  }
  assert.equal(libraryReason(new Error("ENOENT: no such file, open '/opt/x'")), "it cannot be read");
  assert.equal(libraryReason(new Error("Error reading key: Key is expired")), "key is expired");
});
