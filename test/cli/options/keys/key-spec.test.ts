import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { parseKeySpec, parsePassphraseSource, shownValue } from "../../../../src/cli/options/keys/key-spec.js";
import { expectedError } from "../../../support/expected-error.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();
const key = join(scratch, "key.pem");
const colons = join(scratch, "a:b:pass=c");

before(async () => {
  for (const path of [key, colons, join(scratch, "a")]) await writeFile(path, "");
});

test("each way to give a passphrase is recognised, and all that follows the mark is the value", async () => {
  const read = async (text: string) => {
    const { path, passphrase } = await parseKeySpec(`${key}${text}`);
    assert.equal(path, key);
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
  const file = { scheme: undefined, path: colons, isFile: true, passphrase: { kind: "none" } };
  assert.deepEqual(await parseKeySpec(colons), file);
});

test("schemes whose keys are elsewhere take a word, with a passphrase or PIN behind it where there can be one", async () => {
  const none = { kind: "none" };
  for (const [text, scheme, path, passphrase] of [
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
    assert.deepEqual(await parseKeySpec(text), { scheme, path, isFile: false, passphrase });
  }
  assert.equal((await parseKeySpec(`pgp:${key}`)).isFile, true);
  assert.equal(shownValue("pkcs11", "token=t;object=o?pin-value=1"), "token=t;object=o");
  assert.equal(shownValue("provider", "vault:secret"), "vault");
});

test("without a mark, the first colon whose left side names a file divides", async () => {
  const { path, passphrase } = await parseKeySpec(`${scratch}/a:b:c`);
  assert.deepEqual([path, passphrase], [`${scratch}/a`, { kind: "text", text: "b:c", bare: true }]);
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
