import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { loadKeyring } from "../../src/crypt/layer.js";
import { schemeRow } from "../../src/crypt/schemes/index.js";
import { OciEncError } from "../../src/errors.js";
import { fileBackend } from "../../src/sign/gpg/file-backend.js";
import { readKeyrings } from "../../src/sign/gpg/keyring.js";
import { readSigningKey, readVerificationKey } from "../../src/sign/sigstore/key-file.js";
import { type KeyFixture, keyFixtures } from "../support/keys/key-fixtures.js";
import { LeakFinder } from "../support/process/leaked.js";
import { firstMissing, systemPeer } from "../support/process/peer.js";

/** The table of docs/keys.md, a row a form: who takes it, and what is said where nobody does. */
const guide = await readFile(join(process.cwd(), "docs", "keys.md"), "utf8");
const [, section = ""] = guide.split("## Forms of key files\n");
const rows = [...section.matchAll(/^\| (.*) \|$/gm)]
  .map(([, line = ""]) => line.split(" | ").map((cell) => cell.trim()))
  .filter(([form = ""]) => form !== "form" && !form.startsWith("---"));
const skip = firstMissing(systemPeer("openssl"));
const fixtures = skip === false ? await keyFixtures() : new Map<string, readonly KeyFixture[]>();

test("every form that is tried has its row, and every row is tried", { skip }, () => {
  assert.deepEqual(
    rows.map(([form]) => form),
    [...fixtures.keys()],
  );
});

for (const [form = "", recipient = "", privateKey = "", signing = "", what = ""] of rows) {
  test(`a key file: ${form}`, { skip }, async () => {
    for (const fixture of fixtures.get(form) ?? []) {
      const { taken, refusals } = await whoTakes(fixture);
      const expected = [recipient, privateKey, signing].flatMap((cell) => (cell === "–" ? [] : cell.split(", ")));
      const told = refusals.map(({ message }) => message).join("\n");
      assert.deepEqual(taken, expected.sort(), `${fixture.name}: ${told}`);
      for (const [, words = ""] of what.matchAll(/“([^”]+)”/g)) {
        assert.ok(told.includes(words), `${fixture.name}: ${words} is not said: ${told}`);
      }
      checkRefusals(fixture, refusals);
    }
  });
}

/** Nothing of the file is in what is said of it, and each refusal says that the key is at fault. */
function checkRefusals({ name, value }: KeyFixture, refusals: readonly OciEncError[]): void {
  const leaks = new LeakFinder();
  if (value.length > 100) leaks.add(value);
  for (const { code, message, hint = "" } of refusals) {
    assert.equal(code, "KEY_INVALID", `${name}: ${message}`);
    assert.equal(leaks.find(`${message}\n${hint}`), undefined, name);
  }
}

/** Each way in which a file of keys can be given, by the word that the table has for it. */
async function whoTakes(fixture: KeyFixture) {
  const { value, passphrase } = fixture;
  const file = { value, origin: "given", isFile: true };
  const opened = { ...file, passphrase };
  const encrypt = (scheme: string) => async () => await (await schemeRow(scheme).load()).wrapFor([{ ...file, scheme }]);
  const ways: readonly (readonly [string, () => unknown])[] = [
    ["jwe", encrypt("jwe")],
    ["pkcs7", encrypt("pkcs7")],
    ["pgp", encrypt("pgp")],
    ["age", encrypt("age")],
    ["ssh", encrypt("ssh")],
    ["yes", async () => await loadKeyring([{ ...opened, scheme: undefined }])],
    ["sigstore key", async () => await readSigningKey(opened)],
    ["sigstore trust", () => readVerificationKey(file)],
    ["gpg key", async () => await fileBackend(opened)],
    ["gpg trust", async () => await readKeyrings([value])],
  ];
  const taken: string[] = [];
  const refusals: OciEncError[] = [];
  for (const [word, attempt] of ways) {
    try {
      await attempt();
      taken.push(word);
    } catch (error) {
      if (!(error instanceof OciEncError)) throw error;
      refusals.push(error);
    }
  }
  return { taken: taken.sort(), refusals };
}
