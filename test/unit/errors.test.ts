import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { OciEncError } from "../../src/errors.js";

const cause = new Error("below");
const whole = new OciEncError("DENIED", "no", {
  cause,
  hint: "ask",
  side: "target",
  retryable: true,
  context: { digest: "d" },
});

function fieldsOf({ code, message, hint, side, retryable, context, cause: below, exitStatus }: OciEncError): object {
  return { code, message, hint, side, retryable, context, below, exitStatus };
}

test("a failure that is told otherwise keeps every field that is not named, its cause and its status", () => {
  assert.deepEqual(fieldsOf(whole.with({})), fieldsOf(whole));
  assert.deepEqual(Object.keys(whole.with({})), Object.keys(whole));
  for (const [name, value] of Object.entries({ message: "m", hint: "h", side: "source", retryable: false } as const)) {
    assert.deepEqual(fieldsOf(whole.with({ [name]: value })), { ...fieldsOf(whole), [name]: value });
  }
  assert.equal("cause" in new OciEncError("DENIED", "no").with({ hint: "h" }), false);
});

test("nothing in the source takes a failure apart to make another of it", () => {
  const copied =
    /new OciEncError\(\s*(?:\w+\.)?code,\s*(?:message|\w+\.message|`[^`]*\$\{(?:\w+\.)?message\}[^`]*`)\s*,/;
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && name !== "errors.ts",
  );
  for (const file of files) {
    assert.doesNotMatch(readFileSync(join("src", file), "utf8"), copied, `${file}: use error.with()`);
  }
});
