import assert from "node:assert/strict";
import { test } from "node:test";
import { commands } from "../../../../src/cli/commands/index.js";
import { unknownVariables } from "../../../../src/cli/habits/variables.js";
import { variableName } from "../../../../src/cli/options/flag.js";
import { outputFlags } from "../../../../src/cli/options/output.js";

const none = new Set<string>();
const told = (environment: NodeJS.ProcessEnv, named: ReadonlySet<string> = none) =>
  unknownVariables(environment, named, { own: outputFlags, commands });

test("no option of any command has a variable that is not known", async () => {
  const loaded = await Promise.all(commands.map((row) => row.load()));
  const names = [...outputFlags, ...loaded.flatMap(({ flags }) => flags)].map(variableName);
  assert.ok(names.includes("OCI_ENC_RECIPIENT"));
  assert.deepEqual(await told(Object.fromEntries(names.map((name) => [name, "1"]))), []);
});

test("a variable that names no option is told, with the one that was meant", async () => {
  assert.deepEqual(await told({ OCI_ENC_RECIPEINT: "x", OCI_ENC_ZYXWVUTS: "y", HOME: "z", OCI_ENCODING: "w" }), [
    "the variable OCI_ENC_RECIPEINT names no option; did you mean OCI_ENC_RECIPIENT?",
    "the variable OCI_ENC_ZYXWVUTS names no option",
  ]);
});

test("variables that are no options are known where something reads them", async () => {
  const others = { OCI_ENC_RESOURCE_COMMAND: "get", OCI_ENC_ACTION_ARGS: "", OCI_ENC_ACTION_VERSION: "1" };
  assert.deepEqual(await told(others), []);
  assert.deepEqual(await told({ OCI_ENC_WORD: "secret" }, new Set(["OCI_ENC_WORD"])), []);
});
