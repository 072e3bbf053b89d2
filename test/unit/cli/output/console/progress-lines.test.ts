import assert from "node:assert/strict";
import { test } from "node:test";
import { plainPaint } from "../../../../../src/cli/output/console/paint.js";
import { progressLines, progressSentence } from "../../../../../src/cli/output/console/progress-lines.js";
import type { ProgressSnapshot, RunningBlob } from "../../../../../src/cli/output/console/progress-state.js";
import { digestOf } from "../../../../../src/oci/digest.js";

const mib = 2 ** 20;
const blob = (index: number, platform: string, bytes: number): RunningBlob => ({
  planned: {
    blob: { mediaType: "x", digest: digestOf(Buffer.from([index])), size: 512 * mib },
    action: "encrypt",
    part: "layer",
    index,
    platform,
  },
  bytes,
});
const snapshot: ProgressSnapshot = {
  blobs: { done: 2, all: 6 },
  bytes: { done: 1280 * mib, all: 2048 * mib },
  rate: 240 * mib,
  running: [blob(0, "linux/amd64", 384 * mib), blob(1, "linux/arm64/v8", 64 * mib)],
};
const form = { rows: 24, unicode: true, paint: plainPaint };
const texts = (columns: number, more: Partial<typeof form> = {}, of = snapshot) =>
  progressLines(of, { ...form, columns, ...more }).map(({ text }) => text);

test("the lines at 40, 80 and 160 columns", () => {
  assert.deepEqual(texts(40), [
    " 62% █████░░░░  240.0 MiB/s    0:04 left",
    "  layer 0 linux/amd64    ███████░░░  75%",
    "  layer 1 linux/arm64/v8 █░░░░░░░░░  12%",
  ]);
  assert.deepEqual(texts(80), [
    " 62% ████████░░░░░░        1.3 of 2.0 GiB  240.0 MiB/s    0:04 left 2 of 6 blobs",
    "  layer 0 linux/amd64    ███████████████░░░░░  75%    384.0 of 512.0 MiB encrypt",
    "  layer 1 linux/arm64/v8 ██░░░░░░░░░░░░░░░░░░  12%     64.0 of 512.0 MiB encrypt",
  ]);
  assert.deepEqual(texts(160), [
    " 62% █████████████████████████░░░░░░░░░░░░░░░        1.3 of 2.0 GiB  240.0 MiB/s    0:04 left 2 of 6 blobs",
    "  layer 0 linux/amd64    ██████████████████████████████░░░░░░░░░░  75%    384.0 of 512.0 MiB encrypt sha256:6e340b9cffb3",
    "  layer 1 linux/arm64/v8 █████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  12%     64.0 of 512.0 MiB encrypt sha256:4bf5122f3445",
  ]);
});

test("the sentence for logs", () => {
  assert.equal(progressSentence(snapshot), "62%, 1.3 of 2.0 GiB, 2 of 6 blobs, 240.0 MiB/s, 0:04 left");
  assert.equal(progressSentence({ ...snapshot, rate: undefined }), "62%, 1.3 of 2.0 GiB, 2 of 6 blobs");
});

test("no line is wider than its columns, and its width is what it says", () => {
  for (let columns = 1; columns <= 200; columns += 1) {
    for (const { text, width } of progressLines(snapshot, { ...form, columns })) {
      assert.ok(text.length <= columns, `${columns}: ${text}`);
      assert.equal(width, text.length);
    }
  }
});

test("colours take no room, and a bar without them says the same", () => {
  const paint = { ...plainPaint, accent: (text: string) => `<${text}>` };
  for (const [index, { text, width }] of progressLines(snapshot, { ...form, columns: 80, paint }).entries()) {
    assert.equal(text.replaceAll(/[<>]/g, ""), texts(80)[index]);
    assert.equal(width, text.length - 2);
  }
  assert.match(texts(80, { unicode: false })[0] ?? "", /^ 62% #+-+ /);
});

test("where there are more blobs than rows, the last line counts the others", () => {
  assert.equal(texts(80, { rows: 1 }).length, 1);
  assert.deepEqual(texts(80, { rows: 2 }).slice(1), ["  and 2 more"]);
  const many = { ...snapshot, running: Array.from({ length: 9 }, (_, index) => blob(index, "linux/amd64", 0)) };
  assert.equal(texts(80, { rows: 5 }, many).at(-1), "  and 6 more");
});

test("faults/60: what an image says of its platform cannot break out of its line", () => {
  const strange = { ...snapshot, running: [blob(0, "linux\n\x1b[2J/日本", 0)] };
  assert.match(texts(80, {}, strange)[1] ?? "", /^ {2}layer 0 linux\?\?\[2J\/\?\? /);
});
