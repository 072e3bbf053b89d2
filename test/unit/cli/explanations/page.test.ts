import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { commands } from "../../../../src/cli/commands/index.js";
import { codePage, explainedCodes } from "../../../../src/cli/explanations/page.js";

const declared = (file: string, start: RegExp): readonly string[] => {
  const [block = ""] = start.exec(readFileSync(file, "utf8")) ?? [];
  return [...block.matchAll(/\b[A-Z][A-Z0-9_]{3,}\b/g)].map(([code]) => code);
};
const errors = declared("src/errors.ts", /const exitStatus = \{[^}]*\}/);
const warnings = declared("src/progress.ts", /type WarningCode =[^;]*;/);

test("every code of an error and of a warning has a page, and nothing else has", () => {
  assert.ok(errors.includes("KEY_MISMATCH") && warnings.includes("NOT_REVOKED"));
  const pages = explainedCodes.map(({ code }) => code);
  assert.deepEqual([...pages].sort(), [...errors, ...warnings].sort());
  for (const { code, status } of explainedCodes) assert.equal(status === undefined, warnings.includes(code), code);
});

test("every error but a bug has an example", () => {
  const without = explainedCodes.filter(({ status, example }) => status !== undefined && !example);
  assert.deepEqual(
    without.map(({ code }) => code),
    ["INTERNAL"],
  );
});

test("a page says what the code means, why it happens and what to do, in lines that fit a terminal", () => {
  for (const { code, meaning, causes, remedies, example } of explainedCodes) {
    const page = codePage(code) ?? "";
    const lines = page.split("\n");
    assert.ok(
      page.startsWith(`${code}, `) && page.includes("Why it happens:\n  - ") && page.includes("What to do:\n  - "),
    );
    const spoken = page.replace(/\s+/g, " ");
    for (const text of [meaning, ...causes, ...remedies]) assert.ok(spoken.includes(text), `${code}: ${text}`);
    for (const line of lines) assert.ok(line.length <= 80 || line.trim() === example?.line, line);
  }
});

test("a sentence is one, and a meaning is none", () => {
  for (const { code, meaning, causes, remedies, example } of explainedCodes) {
    assert.ok(!meaning.endsWith("."), code);
    assert.ok(causes.length > 0 && remedies.length > 0, code);
    for (const text of [...causes, ...remedies, ...(example ? [example.because] : [])])
      assert.match(text, /[.]$/, code);
  }
});

test("capitals do not matter, and no command is taken for a code", () => {
  assert.equal(codePage("key_mismatch"), codePage("KEY_MISMATCH"));
  assert.equal(codePage("KEY_MISMATCHED"), undefined);
  for (const { name } of commands) assert.equal(codePage(name), undefined);
});
