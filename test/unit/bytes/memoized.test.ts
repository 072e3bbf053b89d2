import assert from "node:assert/strict";
import { test } from "node:test";
import { memoized } from "../../../src/bytes/memoized.js";

test("what is asked for twice is made once, for each key", async () => {
  const made: string[] = [];
  const ask = memoized(async (key: string) => `${key} ${made.push(key)}`);
  assert.deepEqual(await Promise.all([ask("a"), ask("b"), ask("a")]), ["a 1", "b 2", "a 1"]);
  assert.equal(ask("a"), ask("a"));
});

test("a key may be made of all the arguments, and without arguments there is one", async () => {
  let count = 0;
  const ask = memoized(
    async (_one: object, _other: string) => {
      count += 1;
      return count;
    },
    (_one, other) => other,
  );
  assert.deepEqual([await ask({}, "x"), await ask({}, "x"), await ask({}, "y")], [1, 1, 2]);
  const single = memoized(async () => ({}));
  assert.equal(await single(), await single());
});

test("a failure is kept like a value, and what was not asked for is not begun", async () => {
  let tries = 0;
  const ask = memoized(async () => {
    tries += 1;
    throw new Error("no");
  });
  assert.equal(ask.begun(), undefined);
  await assert.rejects(ask());
  await assert.rejects(ask());
  assert.equal(tries, 1);
  assert.equal(ask.begun(), ask());
  await assert.rejects(ask());
});
