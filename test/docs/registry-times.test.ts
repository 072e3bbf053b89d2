import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { noticeAfter } from "../../src/progress.js";
import { backoff, firstBackoff, longestBackoff } from "../../src/transport/backoff.js";
import { defaultPatience } from "../../src/transport/registry/auth/credential-helper.js";
import { longestStoring, storingPace } from "../../src/transport/registry/blobs/upload-session.js";
import { longestRetryAfter } from "../../src/transport/registry/http/retry.js";
import { leastProgress } from "../../src/transport/registry/http/stall-watch.js";
import {
  defaultRetryTimes,
  defaultTimeouts,
  silentSpans,
  unreachableSpan,
} from "../../src/transport/registry/open-client.js";

const page = readFileSync("docs/registries.md", "utf8");

test("docs/registries.md says the times that hold", () => {
  const { connect, response, idle, notice } = defaultTimeouts;
  for (const text of [
    `CONNECT | ${connect / 1000} s |`,
    `last byte of the request | ${response / 1000} s,`,
    `until the next ${leastProgress / 1024} KiB of a body`,
    `lists, tokens | ${idle / 1000} s,`,
    `for each ${storingPace / 1024 / 1024} MiB of the blob, at most ${longestStoring / 60_000} minutes`,
    `silent | ${notice / 1000} s,`,
    `credential helper, a key provider | ${defaultPatience / 1000} s each; said after ${noticeAfter / 1000} s`,
    `the credential helper of \`login\` and \`logout\` | ${defaultPatience / 1000} s each |`,
    `\`--retry-times\` (${defaultRetryTimes}) repetitions | ${firstBackoff / 1000} s, three times as long each time, at most ${Math.floor(longestBackoff / 1000)} s`,
    `obeyed up to ${longestRetryAfter / 1000} s`,
    `given up ${unreachableSpan / 1000} s after its first failure`,
  ]) {
    assert.ok(page.includes(text), text);
  }
  assert.equal((silentSpans * idle) / 60_000, 3);
  assert.ok(page.includes("given up three minutes after its first failure"));
  const spread = (random: number) =>
    Array.from({ length: defaultRetryTimes }, (_, attempt) => backoff(attempt, random)).reduce(
      (sum, ms) => sum + ms,
      0,
    );
  assert.deepEqual([Math.round(spread(0) / 1000), Math.floor(spread(1) / 1000)], [45, 60]);
  assert.ok(page.includes("45 to 60 s in all"));
});
