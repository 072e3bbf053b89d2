import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OciEncError } from "../../../src/errors.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { createChooser, parseLayerSelection } from "../../../src/transform/select.js";

const layers: readonly Descriptor[] = Array.from({ length: 5 }, (_, index) => {
  return { mediaType: "x", digest: digestOf(Buffer.from([index])), size: 1 };
});

function chosen(include: string[], exclude: string[] = []): number[] {
  const walk = createChooser(parseLayerSelection(include, exclude));
  const context = { count: layers.length, platform: undefined, diffId: undefined };
  return [...layers.keys()].filter((index) => {
    const layer = layers[index];
    return layer && walk.choose(layer, { ...context, index }) !== "no";
  });
}

test("selectors count from the bottom, from the top, in ranges, in lists and by digest", () => {
  assert.deepEqual(chosen([]), [0, 1, 2, 3, 4]);
  assert.deepEqual(chosen(["0"]), [0]);
  assert.deepEqual(chosen(["-1"]), [4]);
  assert.deepEqual(chosen(["2.."]), [2, 3, 4]);
  assert.deepEqual(chosen(["-3..-1"]), [2, 3, 4]);
  assert.deepEqual(chosen(["..1"]), [0, 1]);
  assert.deepEqual(chosen(["0,2"]), [0, 2]);
  assert.deepEqual(chosen(["0", "-1"]), [0, 4]);
  assert.deepEqual(chosen([layers[3]?.digest ?? ""]), [3]);
  assert.deepEqual(chosen([], ["0", "-1"]), [1, 2, 3]);
  assert.deepEqual(chosen(["1.."], ["3"]), [1, 2, 4]);
  assert.deepEqual(chosen(["7"]), []);
});

test("a selector that never matched is named", () => {
  const walk = createChooser(parseLayerSelection(["9", "0"]));
  const [layer] = layers;
  assert.ok(layer);
  walk.choose(layer, { index: 0, count: 1, platform: undefined, diffId: undefined });
  const onlyThat = (error: unknown) =>
    error instanceof OciEncError && /"9"/.test(error.message) && !/"0"/.test(error.message);
  assert.throws(() => walk.requireMatches(), onlyThat);
});

test("any text is a selection or a USAGE error", () => {
  for (const text of ["", "..", "a", "1-2", "0,,1", "--1", "sha256:ab", "1...2", "9999999"]) {
    assert.throws(
      () => parseLayerSelection([text]),
      (error) => error instanceof OciEncError && error.code === "USAGE",
      text,
    );
  }
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."0123456789-.,:sha") }), (text) => {
      try {
        parseLayerSelection([text]);
      } catch (error) {
        assert.ok(error instanceof OciEncError && error.code === "USAGE");
      }
    }),
  );
});
