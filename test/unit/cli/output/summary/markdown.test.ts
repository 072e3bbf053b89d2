import assert from "node:assert/strict";
import { test } from "node:test";
import { inlineCode, inlineText, markdownList, markdownTable } from "../../../../../src/cli/output/summary/markdown.js";

/** What a reader of Markdown sees of character references. */
function read(markdown: string): string {
  return markdown.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}

const hostile = [
  "a | b",
  "`code`",
  "<img src=x onerror=alert(1)>",
  "</code></td></table><script>alert(1)</script>",
  "&lt;b&gt;",
  "[a link](https://evil.example)",
  "![a picture](https://evil.example/x.png)",
  "https://evil.example www.evil.example someone@evil.example",
  "**bold** __bold__ ~~gone~~ $math$ \\| \\",
  "@team #1 !2 %3 ^4",
  "# a heading",
  "[^1]: a note",
];

test("what comes from outside is read as it is, and is nothing but text", () => {
  for (const text of hostile) {
    const shown = inlineText(text);
    assert.equal(read(shown), text);
    assert.doesNotMatch(shown.replaceAll(/&#\d+;/g, ""), /[&<>|`*_~[\]{}\\!#$%^@"]|:\/\/|www\./, text);
    assert.equal(inlineCode(text), `<code>${shown}</code>`);
  }
});

test("line breaks and what moves a cursor or turns a line around are written out", () => {
  const shown = read(inlineText("a\n\n# b\r\tc\x1b[2J\u202ed\u2028e"));
  assert.equal(shown, "a\\n\\n# b\\r\\tc\\x1b[2J\\u202ed\\u2028e");
});

test("a digest and a reference stay readable in the file itself", () => {
  const reference = "registry.example:5000/team/app-1:1.0";
  assert.equal(inlineText(reference), reference);
  assert.equal(inlineText("sha256:0123abcd"), "sha256:0123abcd");
});

test("very long texts, tables and lists are shortened, and say so", () => {
  assert.equal(inlineText("a".repeat(5000)), `${"a".repeat(1000)}…`);
  const rows = Array.from({ length: 150 }, (_, index) => [String(index)]);
  for (const text of [markdownTable(["n"], rows), markdownList(rows.flat())]) {
    assert.match(text, /99\b[\s\S]*\n\n… and 50 more$/);
    assert.doesNotMatch(text, /\b100\b/);
  }
});
