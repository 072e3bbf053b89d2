import assert from "node:assert/strict";
import { test } from "node:test";
import { divideLine } from "../../../src/cli/command-line.js";
import { spellings } from "../../../src/cli/options/flag.js";
import { globalFlags } from "../../../src/cli/options/global.js";

test("every spelling of what every command takes may stand before the command, with its value", () => {
  for (const flag of globalFlags) {
    for (const name of spellings(flag)) {
      const forms = flag.placeholder === undefined ? [[name]] : [[name, "value"], [`${name}=value`]];
      for (const before of forms)
        assert.deepEqual(divideLine([...before, "copy", name]), { before, rest: ["copy", name] });
    }
  }
  assert.deepEqual(divideLine(["-qd", "copy"]), { before: ["-qd"], rest: ["copy"] });
});

test("nothing else is taken from before the command", () => {
  for (const first of ["--recipient", "--help", "-h", "-V", "--", "-", "-qx", "--jso", "copy", ""]) {
    assert.deepEqual(divideLine([first, "--json"]), { before: [], rest: [first, "--json"] });
  }
  assert.deepEqual(divideLine([]), { before: [], rest: [] });
  assert.deepEqual(divideLine(["--json", "--creds", "x"]), { before: ["--json"], rest: ["--creds", "x"] });
});
