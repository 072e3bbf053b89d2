import assert from "node:assert/strict";
import { test } from "node:test";
import { commands } from "../../../../src/cli/commands/index.js";
import { argsOf, imagesOf, typedLine } from "../../../../src/cli/habits/typed-line.js";

const lineOf = async (name: string, typed: string) => {
  const row = commands.find((one) => one.name === name);
  assert.ok(row);
  return typedLine({ row, command: await row.load() }, typed.split(" "), (spelled) => spelled === "--foreign");
};

/** A command, what follows its name, what of it names images, and how it is typed again where that differs. */
const lines: readonly (readonly [string, string, readonly string[], string?])[] = [
  ["copy", "-r jwe:a oci:a b", ["oci:a", "b"]],
  ["copy", "oci:a --recipient=jwe:a b", ["oci:a", "b"], "oci:a --recipient jwe:a b"],
  ["copy", "-rjwe:a oci:a b", ["oci:a", "b"], "-r jwe:a oci:a b"],
  ["copy", "--referrers oci:a b", ["oci:a", "b"]],
  ["copy", "--referrers=false oci:a b", ["oci:a", "b"]],
  ["copy", "--unknown oci:a b", ["oci:a", "b"]],
  ["copy", "--foreign x oci:a b", ["oci:a", "b"]],
  ["copy", "--foreign", []],
  ["copy", "oci:a -", ["oci:a", "-"]],
  ["run", "--rm app:1 ls -l", ["app:1"]],
  ["cat", "app:1 /etc/passwd", ["app:1"]],
  ["pull", "registry.test/app:1 oci:a", ["oci:a"]],
  ["rm", "a b c", []],
  ["copy", "a -- -b", ["a"]],
];

test("a line is taken apart as its command declares it, and put together again", async () => {
  for (const [name, typed, images, again = typed] of lines) {
    const line = await lineOf(name, typed);
    assert.deepEqual(
      imagesOf(line).map(({ text }) => text),
      images,
      typed,
    );
    assert.equal(argsOf(line.words).join(" "), again);
  }
});

test("every argument that names an image says so, and no other does", async () => {
  const known = new Set(["IMAGE", "SRC", "DST", "A", "B", "REPO", "NAME", "REGISTRY"]);
  for (const row of commands) {
    for (const { name, names } of (await row.load()).arguments) {
      assert.equal(names !== undefined, known.has(name), `${row.name} ${name}`);
    }
  }
});
