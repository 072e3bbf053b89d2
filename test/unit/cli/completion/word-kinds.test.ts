import assert from "node:assert/strict";
import { test } from "node:test";
import { commands } from "../../../../src/cli/commands/index.js";
import { isImageArgument, kindOfFlag, wordKinds } from "../../../../src/cli/completion/word-kinds.js";
import { schemes } from "../../../../src/crypt/schemes/index.js";
import { transportRows } from "../../../../src/transport/rows.js";

const declared = await Promise.all(commands.map(({ load }) => load()));

test("every transport and every key scheme is offered", () => {
  const offered = (kind: keyof typeof wordKinds) => wordKinds[kind].prefixes.map(({ prefix }) => prefix);
  assert.deepEqual(
    offered("image"),
    transportRows.flatMap(({ prefixes }) => prefixes),
  );
  for (const kind of ["recipient", "key"] as const) {
    assert.deepEqual(
      offered(kind),
      [...schemes.keys()].map((scheme) => `${scheme}:`),
    );
  }
  assert.deepEqual(
    wordKinds.image.prefixes.filter(({ next }) => next === "layout").map(({ prefix }) => prefix),
    ["oci:", "ocidir://"],
  );
});

test("every option that takes an image or a key has a kind of words", () => {
  const flags = declared.flatMap((command) => command.flags);
  const unknown = flags
    .filter(({ placeholder = "" }) => /^(SPEC|REF)\b/.test(placeholder))
    .filter((flag) => !kindOfFlag(flag));
  // A passphrase is no key: file=PATH, env=NAME.
  assert.deepEqual([...new Set(unknown.map(({ name }) => name))], ["password"]);
});

test("every argument that says it is an image is completed as one", () => {
  for (const argument of declared.flatMap((command) => command.arguments)) {
    if (/image/.test(argument.about) && !/inside the image|image's/.test(argument.about)) {
      assert.ok(isImageArgument(argument), `${argument.name}: ${argument.about}`);
    }
  }
});
