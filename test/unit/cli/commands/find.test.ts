import assert from "node:assert/strict";
import { test } from "node:test";
import { findRow, rowsBelow } from "../../../../src/cli/commands/find.js";
import { commands } from "../../../../src/cli/commands/index.js";

/** What users of other tools type, and the command that it is. */
const aliases: readonly (readonly [string, string])[] = [
  ["recipients ls", "recipients list"],
  ["recipients rm", "recipients remove"],
  ["key new", "key generate"],
  ["tags", "list-tags"],
  ["cp", "copy"],
  ["rmi", "rm"],
];

test("every alias leads to its command, and the table has no other", () => {
  for (const [alias, name] of aliases) {
    const found = findRow([...alias.split(" "), "further"]);
    assert.deepEqual([found?.row.name, found?.words], [name, alias.split(" ").length]);
  }
  assert.deepEqual(
    commands.flatMap((row) => (row.aliases ?? []).map((alias) => `${alias}: ${row.name}`)).sort(),
    aliases.map(([alias, name]) => `${alias}: ${name}`).sort(),
  );
});

test("no two commands have a name in common, and none begins as another does", () => {
  const names = commands.flatMap(({ name, aliases: others = [] }) => [name, ...others]);
  for (const name of names) {
    assert.deepEqual(
      names.filter((other) => other === name || other.startsWith(`${name} `)),
      [name],
    );
  }
});

test("a word of two that name commands is found with all of them", () => {
  assert.deepEqual(
    rowsBelow("key").map(({ name }) => name),
    commands.map(({ name }) => name).filter((name) => name.startsWith("key ")),
  );
  assert.equal(findRow(["key"]), undefined);
  assert.equal(findRow([]), undefined);
});
