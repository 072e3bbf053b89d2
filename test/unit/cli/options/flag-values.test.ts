import assert from "node:assert/strict";
import { test } from "node:test";
import { choice, parsed, repeated, single, toggle, variableName } from "../../../../src/cli/options/flag.js";
import { type FlagRules, flagValues } from "../../../../src/cli/options/flag-values.js";
import { expectedError } from "../../../support/expected-error.js";

const about = { about: "", group: "" };
const loud = toggle({ name: "very-loud", ...about });
const file = single({ name: "file", placeholder: "FILE", ...about });
const keys = repeated({ name: "key", placeholder: "SPEC", ...about });
const mode = choice({ name: "mode", ...about }, ["slow", "fast"]);
const count = parsed({ name: "count", placeholder: "N", ...about }, Number);
const flags = [loud, file, keys, mode, count];

test("an option that is not used has its default", () => {
  const options = flagValues({ flags }, new Map(), {});
  const read = [options.get(loud), options.get(file), options.get(keys), options.get(mode), options.get(count)];
  assert.deepEqual(read, [false, undefined, [], "slow", undefined]);
  assert.equal(
    flags.some((flag) => options.given(flag)),
    false,
  );
});

test("of an option that does not repeat the last value counts; of one that does, all do", () => {
  const typed = new Map([
    ["file", ["a", "b"]],
    ["key", ["a", "b"]],
  ]);
  const options = flagValues({ flags }, typed, {});
  assert.deepEqual([options.get(file), options.get(keys)], ["b", ["a", "b"]]);
});

test("the environment counts where nothing was typed, and a list has one value a line", () => {
  const environment = {
    OCI_ENC_VERY_LOUD: "yes",
    OCI_ENC_FILE: "from env",
    OCI_ENC_KEY: "a b\nc,d\n",
    OCI_ENC_MODE: "fast",
  };
  const options = flagValues({ flags }, new Map([["file", ["typed"]]]), environment);
  const read = [options.get(loud), options.get(file), options.get(keys), options.get(mode)];
  assert.deepEqual(read, [true, "typed", ["a b", "c,d"], "fast"]);
  assert.equal(variableName(loud), "OCI_ENC_VERY_LOUD");
});

test("what the environment gives gives way to what was typed and excludes it, with what needs it", () => {
  const rules: FlagRules = { flags, conflicts: [[loud, file]], needs: [[keys, file]] };
  const environment = { OCI_ENC_VERY_LOUD: "1", OCI_ENC_FILE: "a", OCI_ENC_KEY: "k" };
  const quiet = flagValues(rules, new Map([["file", ["typed"]]]), environment);
  assert.deepEqual([quiet.get(loud), quiet.given(loud), quiet.get(file)], [false, false, "typed"]);
  const shouted = flagValues(rules, new Map([["very-loud", ["true"]]]), environment);
  assert.deepEqual([shouted.get(loud), shouted.get(file), shouted.get(keys)], [true, undefined, []]);
  const unread = { ...environment, OCI_ENC_VERY_LOUD: "maybe" };
  assert.equal(flagValues(rules, new Map([["file", ["typed"]]]), unread).get(loud), false);
});

test("two that were typed exclude each other, and so do two from the environment; a need of the environment's own stays", () => {
  const rules: FlagRules = { flags, conflicts: [[loud, file]], needs: [[keys, file]] };
  const typed = new Map([
    ["very-loud", ["true"]],
    ["file", ["a"]],
  ]);
  const both = expectedError("USAGE", /^--very-loud and --file exclude each other$/);
  assert.throws(() => flagValues(rules, typed, {}), both);
  assert.throws(() => flagValues(rules, new Map(), { OCI_ENC_VERY_LOUD: "1", OCI_ENC_FILE: "a" }), both);
  const alone = expectedError("USAGE", /^--key requires --file$/);
  assert.throws(() => flagValues(rules, new Map(), { OCI_ENC_KEY: "k" }), alone);
  assert.throws(() => flagValues(rules, new Map([["key", ["k"]]]), { OCI_ENC_VERY_LOUD: "1" }), alone);
  const needy = new Map([
    ["key", ["k"]],
    ["very-loud", ["true"]],
  ]);
  assert.throws(() => flagValues(rules, needy, { OCI_ENC_FILE: "a" }), alone);
});

test("what is typed can outdo a variable that it does not exclude", () => {
  const rules: FlagRules = { flags, precedence: [[loud, mode]] };
  const variables = { OCI_ENC_VERY_LOUD: "1", OCI_ENC_MODE: "fast" };
  const typed = new Map([["very-loud", ["true"]]]);
  assert.equal(flagValues(rules, typed, variables).get(mode), "slow");
  assert.equal(flagValues(rules, typed.set("mode", ["fast"]), {}).get(mode), "fast");
  assert.equal(flagValues(rules, new Map([["mode", ["fast"]]]), variables).get(loud), true);
  assert.equal(flagValues(rules, new Map(), variables).get(mode), "fast");
});

test("an empty variable is as good as none, and a switch can be turned off", () => {
  const options = flagValues({ flags }, new Map(), { OCI_ENC_FILE: "", OCI_ENC_VERY_LOUD: "0" });
  assert.deepEqual([options.get(file), options.get(loud), options.given(loud)], [undefined, false, false]);
});

test("faults/59: an empty value, an unknown word and a variable that is no yes or no are USAGE", () => {
  assert.throws(
    () => flagValues({ flags }, new Map([["key", ["a", ""]]]), {}),
    expectedError("USAGE", /--key: .*empty/),
  );
  const options = flagValues({ flags }, new Map([["mode", ["quick"]]]), {});
  assert.throws(() => options.get(mode), expectedError("USAGE", /--mode: "quick" is none of slow, fast/));
  assert.throws(
    () => flagValues({ flags }, new Map(), { OCI_ENC_VERY_LOUD: "maybe" }),
    expectedError("USAGE", /OCI_ENC_VERY_LOUD: "maybe"/),
  );
});

test("a command that reads an option it has not declared is a bug", () => {
  assert.throws(() => flagValues({ flags: [file] }, new Map(), {}).get(loud), /does not declare --very-loud/);
});

test("the file gives what neither was typed nor is a variable, and gives way to both where they leave no place for it", () => {
  const rules: FlagRules = { flags, conflicts: [[loud, file]], precedence: [[keys, mode]] };
  const configured = new Map([
    ["file", ["from file"]],
    ["mode", ["fast"]],
    ["count", ["3"]],
  ]);
  const alone = flagValues(rules, new Map(), {}, configured);
  assert.deepEqual(
    [alone.get(file), alone.get(mode), alone.get(count), alone.given(file)],
    ["from file", "fast", 3, true],
  );
  const typed = flagValues(rules, new Map([["very-loud", ["true"]]]), {}, configured);
  assert.deepEqual([typed.get(file), typed.origin(file), typed.origin(loud)], [undefined, undefined, "flag"]);
  const variable = flagValues(rules, new Map(), { OCI_ENC_VERY_LOUD: "1", OCI_ENC_KEY: "k" }, configured);
  assert.deepEqual([variable.get(file), variable.get(mode), variable.get(count)], [undefined, "slow", 3]);
  const off = flagValues(rules, new Map(), { OCI_ENC_VERY_LOUD: "0" }, configured);
  assert.deepEqual([off.get(file), off.origin(loud), off.given(loud)], ["from file", "variable", false]);
});

test("what the file says of an option that requires another one waits for a command where that is given", () => {
  const rules: FlagRules = { flags, needs: [[keys, file]] };
  const configured = new Map([["key", ["k"]]]);
  const waiting = flagValues(rules, new Map(), {}, configured);
  assert.deepEqual([waiting.get(keys), waiting.origin(keys)], [[], undefined]);
  assert.deepEqual(flagValues(rules, new Map([["file", ["a"]]]), {}, configured).get(keys), ["k"]);
});

test("a secret option shows nothing of its values, another one all", () => {
  const password = single({ name: "password", placeholder: "SPEC", secret: true, ...about });
  assert.deepEqual([password.shown("hunter2"), password.secret], ["***", true]);
  assert.deepEqual([file.shown("a"), file.secret], ["a", false]);
});
