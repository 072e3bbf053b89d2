import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFailure, failureLine } from "../../../../src/cli/output/failure.js";
import { OciEncError } from "../../../../src/errors.js";

const where = { command: "encrypt", status: undefined, debug: false };

test("an expected failure is one line with the command, the side and the reason, and its hint", () => {
  const error = new OciEncError("NOT_FOUND", 'no image "a"', { side: "source", hint: "look elsewhere" });
  const failure = describeFailure(error, where);
  assert.equal(failure.status, 3);
  assert.equal(failure.text, 'oci-enc: encrypt: source: no image "a"\n  hint: look elsewhere');
});

test("several failures are all listed, and each hint once", () => {
  const cause = new AggregateError([
    new OciEncError("KEY_MISMATCH", "layer 0", { hint: "try another key" }),
    new OciEncError("KEY_MISMATCH", "layer 1", { hint: "try another key" }),
  ]);
  const failure = describeFailure(new OciEncError("KEY_MISMATCH", "2 layers", { cause }), where);
  assert.equal(failure.text, "oci-enc: encrypt: 2 layers\n  layer 0\n  layer 1\n  hint: try another key");
  assert.deepEqual(
    failure.document.causes.map(({ message }) => message),
    ["layer 0", "layer 1"],
  );
});

test("anything else that is thrown is a bug, and says so", () => {
  const failure = describeFailure(new TypeError("x is not a function"), { ...where, command: undefined });
  assert.equal(failure.status, 1);
  assert.match(failure.text, /^oci-enc: a bug in oci-enc: TypeError: x is not a function\n {2}hint: .*--debug/);
  assert.equal(describeFailure("text", where).document.code, "INTERNAL");
});

test("after a signal the status is the signal's", () => {
  const failure = describeFailure(new OciEncError("ABORTED", "interrupted by SIGTERM"), { ...where, status: 143 });
  assert.deepEqual([failure.status, failure.document.exit], [143, 143]);
});

test("a stack trace is shown with --debug alone, and follows the causes", () => {
  const error = new OciEncError("LOCAL_IO", "cannot", { cause: new Error("below") });
  assert.doesNotMatch(describeFailure(error, where).text, /at .*failure\.test/);
  assert.match(describeFailure(error, { ...where, debug: true }).text, /at .*failure\.test.*caused by Error: below/s);
});

test("what was typed wrongly has no stack, as -d may have been meant for another tool", () => {
  const error = new OciEncError("USAGE", "unknown option '-p'");
  assert.equal(describeFailure(error, { ...where, debug: true }).text, "oci-enc: encrypt: unknown option '-p'");
});

test("at a terminal the page of the code is named, but for what the message says whole", () => {
  const told = (code: "UNTRUSTED" | "USAGE") =>
    describeFailure(new OciEncError(code, "no", { hint: "yes" }), { ...where, terminal: true }).text;
  assert.equal(told("UNTRUSTED"), "oci-enc: encrypt: no\n  hint: yes\n  more: oci-enc help UNTRUSTED");
  assert.equal(told("USAGE"), "oci-enc: encrypt: no\n  hint: yes");
});

test("the JSON line starts with its schema and has every member of the published form", () => {
  const error = new OciEncError("CORRUPT", "no\n\x1b[0m", { context: { layer: 3 }, side: "target" });
  const line = failureLine(describeFailure(error, where), [{ code: "CONFIG_SECRET", message: "m" }]);
  assert.ok(line.startsWith('{"schema":"oci-enc/failure/v1"') && !line.includes("\n"));
  assert.deepEqual(JSON.parse(line), {
    schema: "oci-enc/failure/v1",
    code: "CORRUPT",
    exit: 6,
    message: "no\n\x1b[0m",
    hint: null,
    context: { command: "encrypt", side: "target", layer: 3 },
    causes: [],
    warnings: [{ code: "CONFIG_SECRET", message: "m" }],
  });
});

test("faults/60: a failure's text from outside cannot reach the terminal as a command", () => {
  const error = new OciEncError("CORRUPT", "a\x1b]0;x\x07", { hint: "b\nc" });
  assert.equal(describeFailure(error, where).text, "oci-enc: encrypt: a\\x1b]0;x\\x07\n  hint: b\\nc");
});
