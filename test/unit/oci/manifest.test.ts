import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OciEncError } from "../../../src/errors.js";
import { digestOf } from "../../../src/oci/digest.js";
import { checkContent, diffIdsOf, manifestLimit, parseManifest } from "../../../src/oci/manifest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";

const digest = digestOf(Buffer.from("x"));
const config = { mediaType: mediaTypes.ociConfig, digest, size: 1 };

function parse(document: object | string, type: string = mediaTypes.ociManifest) {
  return parseManifest(Buffer.from(typeof document === "string" ? document : JSON.stringify(document)), type);
}

function refuses(document: object | string, why: RegExp, type?: string): void {
  assert.throws(
    () => parse(document, type),
    (error) => {
      assert.ok(error instanceof OciEncError && error.code === "CORRUPT", String(error));
      assert.match(error.message, why);
      return true;
    },
  );
}

test("faults/06: a size that is negative, huge, text, a fraction or missing is refused", () => {
  for (const size of ["-1", "9007199254740993", '"1"', "1.5", "null", "1e400"]) {
    refuses(`{"config":{"mediaType":"a","digest":"${digest}","size":${size}}}`, /size/);
  }
  refuses({ config: { mediaType: "a", digest } }, /size/);
});

test("faults/46: a digest that is not canonical is refused before it becomes a path", () => {
  const bad = [
    "sha256:../../x",
    `sha256:${"A".repeat(64)}`,
    "sha256:abc",
    `sha/256:${"a".repeat(64)}`,
    "",
    `md5:${"a".repeat(32)}`,
  ];
  for (const text of bad) refuses({ config: { ...config, digest: text } }, /not a digest/);
  assert.equal(parse({ config: { ...config, digest: `sha512:${"a".repeat(128)}` } }).kind, "manifest");
});

test("faults/11: a document that is both manifest and index is refused, and so is a second spelling of a member", () => {
  refuses({ config, layers: [], manifests: [] }, /both/);
  refuses({ config, manifests: [] }, /both/);
  refuses({ config, layers: [], Layers: [config] }, /Layers/);
  refuses({ config: { ...config, Digest: digest }, layers: [] }, /Digest/);
});

test("faults/10: a mediaType that contradicts its promise or its content is refused", () => {
  refuses({ mediaType: mediaTypes.dockerManifest, config, layers: [] }, /promised/);
  refuses({ mediaType: mediaTypes.ociIndex, config, layers: [] }, /contradicts/, mediaTypes.ociIndex);
  assert.throws(
    () => parse({ mediaType: "text/html", config }, ""),
    (error) => error instanceof OciEncError && error.code === "UNSUPPORTED",
  );
  assert.equal(parse({ config, layers: [] }, "").mediaType, mediaTypes.ociManifest);
  assert.equal(parse({ manifests: [] }, "").mediaType, mediaTypes.ociIndex);
});

test("faults/07: a manifest above the limit is refused unread, and so is one with 10 000 children", () => {
  refuses(`{"a":"${"x".repeat(manifestLimit)}"}`, /larger/);
  const child = { mediaType: mediaTypes.ociManifest, digest, size: 1 };
  refuses({ manifests: Array.from({ length: 10_000 }, () => child) }, /10000 entries/, mediaTypes.ociIndex);
});

test("content is checked by size and digest, sha512 too", () => {
  const bytes = Buffer.from("content");
  for (const algorithm of ["sha256", "sha512"] as const) {
    const right = { digest: digestOf(bytes, algorithm), size: bytes.length };
    checkContent(bytes, right);
    assert.throws(() => checkContent(bytes, { ...right, size: 1 }), OciEncError);
    assert.throws(() => checkContent(Buffer.from("Content"), right), OciEncError);
  }
});

test("any bytes give a manifest or an OciEncError", () => {
  const word = fc.constantFrom(
    "config",
    "layers",
    "manifests",
    "mediaType",
    "size",
    "digest",
    "annotations",
    "urls",
    "platform",
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(digest, 1, -1, null, true, "x", mediaTypes.ociManifest),
      fc.dictionary(word, tie("tree"), { maxKeys: 5 }),
      fc.array(tie("tree"), { maxLength: 3 }),
    ),
  }));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        tree.map((value) => Buffer.from(JSON.stringify(value))),
      ),
      (bytes) => {
        for (const read of [() => parseManifest(bytes, ""), () => diffIdsOf(bytes)]) {
          try {
            read();
          } catch (error) {
            assert.ok(error instanceof OciEncError);
          }
        }
      },
    ),
    { numRuns: 3000 },
  );
});
