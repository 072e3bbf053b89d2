import assert from "node:assert/strict";
import { test } from "node:test";
import { generateKey } from "openpgp";
import { wantsPassphrase } from "../../../src/crypt/wants-passphrase.js";
import { keyFixtures } from "../../support/keys/key-fixtures.js";

/** The forms of private keys that need a passphrase. */
const encrypted: ReadonlySet<string> = new Set(["PKCS#8 private key, encrypted", "PEM encrypted as before PKCS#8"]);

test("a passphrase is asked for where a key of any form is encrypted, and nowhere else", async () => {
  let asked = 0;
  for (const [form, variants] of await keyFixtures()) {
    for (const { name, value } of variants) {
      const wants = await wantsPassphrase(value);
      // What cannot be used at all is for its reader to say; whether it is encrypted matters to nobody.
      if (!form.startsWith("cosign")) {
        assert.equal(wants, encrypted.has(form) || name.endsWith("with a passphrase"), `${form}: ${name}`);
      }
      asked += wants ? 1 : 0;
    }
  }
  assert.ok(asked >= 5, `${asked}`);
});

test("a passphrase is asked for an OpenPGP key that has one", async () => {
  const userIDs = [{ name: "alice", email: "alice@example.test" }];
  const options = { userIDs, format: "armored" } as const;
  const [locked, open] = [await generateKey({ ...options, passphrase: "sesame" }), await generateKey(options)];
  assert.equal(await wantsPassphrase(Buffer.from(locked.privateKey)), true);
  for (const text of [locked.publicKey, open.privateKey, open.publicKey, locked.privateKey.slice(0, 300)]) {
    assert.equal(await wantsPassphrase(Buffer.from(text)), false);
  }
});

test("a PIN is asked for a key in a token whose URI has none, and what is malformed is nobody's question", async () => {
  for (const [text, wants] of [
    ["pkcs11:token=t;object=o", true],
    ["pkcs11:token=t;object=o?module-name=softhsm2", true],
    ["pkcs11:\n  uri: pkcs11:token=t;object=o\n", true],
    ["pkcs11:token=t;object=o?pin-value=4711", false],
    ["pkcs11:token=t;object=o?pin-source=/pin", false],
    ["pkcs11:\n  uri: pkcs11:token=t;object=o?pin-value=4711\n", false],
    ["pkcs11:token=t", false],
    ["pkcs11:token=t;token=u;object=o", false],
    ["", false],
    ["pgp", false],
  ] as const) {
    assert.equal(await wantsPassphrase(Buffer.from(text)), wants, text);
  }
});
