import assert from "node:assert/strict";
import { test } from "node:test";
import { isInDomain, isInMailbox } from "../../../../src/sign/notary/chain/path/subtrees.js";

const hosts: readonly (readonly [name: string, subtree: string, inside: boolean | undefined])[] = [
  ["example.org", "example.org", true],
  ["a.b.EXAMPLE.org", "example.ORG", true],
  ["notexample.org", "example.org", false],
  ["example.org", ".example.org", false],
  ["a.example.org", ".example.org", true],
  ["org", "example.org", false],
  ["anything.example", "", true],
  ["*.example.org", "example.org", undefined],
  ["example.org.", "example.org", undefined],
  ["a..example.org", "example.org", undefined],
  ["-a.example.org", "example.org", undefined],
  ["exa\0mple.org", "example.org", undefined],
  ["", "example.org", undefined],
  ["a.example.org", "*.example.org", undefined],
];

const mailboxes: typeof hosts = [
  ["a@example.org", "example.org", true],
  ["a@EXAMPLE.org", "A@example.org", false],
  ["a@EXAMPLE.org", "a@example.ORG", true],
  ["a@sub.example.org", "example.org", false],
  ["a@sub.example.org", ".example.org", true],
  ["a@example.org", ".example.org", false],
  ["a@notexample.org", "example.org", false],
  ["a@b@example.org", "example.org", undefined],
  ['"a@evil"@example.org', "example.org", undefined],
  ["example.org", "example.org", undefined],
  ["a@example.org", "", undefined],
  ["a@example.org", "@example.org", undefined],
  ["a@[10.0.0.1]", "example.org", undefined],
];

for (const [what, rows, inside] of [
  ["host", hosts, isInDomain],
  ["mailbox", mailboxes, isInMailbox],
] as const) {
  test(`a ${what} is within a subtree, or not, or cannot be compared`, () => {
    for (const [name, subtree, expected] of rows)
      assert.equal(inside(name, subtree), expected, `${name} in ${subtree}`);
  });
}
