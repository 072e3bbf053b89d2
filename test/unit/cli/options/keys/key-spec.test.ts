import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { parseKeySpec, parsePassphraseSource } from "../../../../../src/cli/options/keys/key-spec.js";
import { shownKey } from "../../../../../src/crypt/schemes/index.js";
import { expectedError } from "../../../../support/expected-error.js";
import { scratchDirectory } from "../../../../support/scratch.js";

const scratch = scratchDirectory();
const key = join(scratch, "key.pem");
const colons = join(scratch, "a:b:pass=c");

before(async () => {
  for (const path of [key, colons, join(scratch, "a")]) await writeFile(path, "");
});

test("each way to give a passphrase is recognised, and all that follows the mark is the value", async () => {
  const read = async (text: string) => {
    const { value, passphrase } = await parseKeySpec(`${key}${text}`);
    assert.equal(value, key);
    return passphrase;
  };
  assert.deepEqual(await read(""), { kind: "none" });
  assert.deepEqual(await read(":prompt"), { kind: "prompt" });
  assert.deepEqual(await read(":pass=a:file=b:prompt"), { kind: "text", text: "a:file=b:prompt", bare: false });
  assert.deepEqual(await read(":pass="), { kind: "text", text: "", bare: false });
  assert.deepEqual(await read(":pass=two\nlines"), { kind: "text", text: "two\nlines", bare: false });
  assert.deepEqual(await read(":file=/a:b"), { kind: "file", path: "/a:b" });
  assert.deepEqual(await read(":fd=7"), { kind: "descriptor", number: 7 });
  assert.deepEqual(await read(":env=NAME"), { kind: "variable", name: "NAME" });
  assert.deepEqual(await read(":hunter:2"), { kind: "text", text: "hunter:2", bare: true });
});

test("a text that names a file as a whole is that file, whatever is in its name", async () => {
  const file = { scheme: undefined, value: colons, isFile: true, passphrase: { kind: "none" } };
  assert.deepEqual(await parseKeySpec(colons), file);
});

test("schemes whose keys are not in files take a text, with a passphrase or PIN behind it where there can be one", async () => {
  const none = { kind: "none" };
  for (const [text, scheme, value, passphrase] of [
    ["pgp:", "pgp", "", none],
    ["pgp:alice@example.test", "pgp", "alice@example.test", none],
    ["pgp:alice@example.test:env=PW", "pgp", "alice@example.test", { kind: "variable", name: "PW" }],
    [
      "pkcs11:token=t;object=o?pin-source=file:/x:prompt",
      "pkcs11",
      "token=t;object=o?pin-source=file:/x",
      { kind: "prompt" },
    ],
    ["provider:vault:a:pass=b", "provider", "vault:a:pass=b", none],
  ] as const) {
    assert.deepEqual(await parseKeySpec(text), { scheme, value, isFile: false, passphrase });
  }
  assert.equal((await parseKeySpec(`pgp:${key}`)).isFile, true);
});

test("faults/45: of a text that is not a file's name, only what its scheme says is shown", () => {
  const shown = (scheme: string | undefined, text: string, isFile = false) => shownKey({ scheme, text, isFile });
  assert.equal(shown("pkcs11", "token=t;object=o?pin-value=1"), "token=t;object=o");
  assert.equal(shown("provider", "vault:secret"), "vault");
  assert.equal(shown("pgp", "alice@example.test"), "alice@example.test");
  assert.equal(shown("pgp", "alice@example.test:secret"), "alice@example.test:…");
  // Schemes that say nothing, and schemes that are not known.
  for (const scheme of ["jwe", "pkcs7", "unknown"]) assert.equal(shown(scheme, "secret"), `${scheme}:…`);
  assert.equal(shown(undefined, "key.pem:x", true), "key.pem:x");
});

test("an address in a key service is answered with the way to use one", async () => {
  for (const address of ["awskms:///alias/x", "gcpkms://projects/p", "hashivault://x"]) {
    await assert.rejects(parseKeySpec(address), expectedError("NOT_FOUND", /no such key file/, /provider:NAME/));
  }
  await assert.rejects(parseKeySpec("other://x"), expectedError("NOT_FOUND", /no such key file/, /FILE:prompt/));
});

test("without a mark, the first colon whose left side names a file divides", async () => {
  const { value, passphrase } = await parseKeySpec(`${scratch}/a:b:c`);
  assert.deepEqual([value, passphrase], [`${scratch}/a`, { kind: "text", text: "b:c", bare: true }]);
});

test("faults/45: what may be a passphrase is not in the message when no file is named", async () => {
  await assert.rejects(parseKeySpec("nothing.pem:hunter2"), (error) => {
    expectedError("NOT_FOUND", /"nothing\.pem"/)(error);
    assert.ok(!JSON.stringify(error).includes("hunter2"));
    return true;
  });
});

test("faults/59: a source of passphrases that is none is USAGE", () => {
  for (const text of ["", "hunter2", "fd=", "fd=-1", "fd=x", "word=x", "=x"]) {
    assert.throws(() => parsePassphraseSource(text), expectedError("USAGE"), text);
  }
});
