import assert from "node:assert/strict";
import { test } from "node:test";
import { readToml, type TomlDocument } from "../../../src/files/toml.js";

const text = `# a file
top = 1

[plain]
one = "x"   # with a comment
list = [
  "a",
  "b",
]
after = """
[not.a.table]
one = 2
"""
last = true

[outer."in.ner"]
deep = 1
[outer.other]
`;

async function parsed(toml: string): Promise<TomlDocument> {
  const document = await readToml(toml);
  assert.ok("lineOf" in document);
  return document;
}

test("a member is found on the line on which it begins, also after values of several lines", async () => {
  const { lineOf } = await parsed(text);
  const places: readonly (readonly [string, number])[] = [
    ["top", 2],
    ["plain", 4],
    ["plain/one", 5],
    ["plain/list", 6],
    ["plain/after", 10],
    ["plain/last", 14],
    ["outer/in.ner", 16],
    ["outer/in.ner/deep", 17],
    ["outer/other", 18],
  ];
  for (const [path, line] of places) assert.equal(lineOf(path.split("/")), line, path);
});

test("a text in one line, with other line ends, or without a last line end has places, too", async () => {
  assert.equal((await parsed("a = 1")).lineOf(["a"]), 1);
  assert.equal((await parsed("a = 1\r\nb = 2\r\n")).lineOf(["b"]), 2);
  assert.equal((await parsed("")).lineOf([]), 1);
});

test("what is not TOML is told by its place, without a word of it", async () => {
  const document = await readToml('a = 1\nsecret = "hunter2');
  assert.match("fault" in document ? document.fault : "", /^it is not TOML \(line 2, column \d+\)$/);
  assert.deepEqual(Object.keys(await readToml("-----BEGIN PRIVATE KEY-----\nMIIE\n")), ["fault"]);
});
