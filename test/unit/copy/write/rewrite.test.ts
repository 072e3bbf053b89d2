import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rewriteManifest } from "../../../../src/copy/write/rewrite.js";
import { withEnvelope, withoutEnvelope } from "../../../../src/crypt/envelope.js";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { digestOf } from "../../../../src/oci/digest.js";
import { type ImageManifest, parseManifest } from "../../../../src/oci/manifest.js";
import { decryptedType, encryptedType, mediaTypes } from "../../../../src/oci/media-type.js";

const digest = digestOf(Buffer.from("plain"));
const sealedDigest = digestOf(Buffer.from("sealed"));
const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

function view(text: string): ImageManifest {
  const parsed = parseManifest(Buffer.from(text), mediaTypes.ociManifest);
  assert.equal(parsed.kind, "manifest");
  return parsed.kind === "manifest" ? parsed : assert.fail();
}

const options = { cipher: "x", hmac: new Uint8Array(32), cipherOptions: {} };
const seal = (layer: Descriptor): Descriptor => ({
  ...layer,
  mediaType: encryptedType(layer.mediaType),
  digest: sealedDigest,
  annotations: withEnvelope(layer.annotations, [{ suffix: "jwe", bytes: Buffer.from("packet") }], options),
});
const open = (layer: Descriptor): Descriptor => ({
  ...layer,
  mediaType: decryptedType(layer.mediaType),
  digest,
  annotations: withoutEnvelope(layer.annotations),
});

/** White space where JSON allows it, from a list of draws. */
function spaced(text: string, spaces: readonly string[]): string {
  let draw = 0;
  return text.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (token) => {
    draw += 1;
    return token.startsWith('"')
      ? token
      : `${spaces[draw % spaces.length]}${token}${spaces[(draw * 7) % spaces.length]}`;
  });
}

test("encrypting and decrypting any manifest in any white space gives its bytes back", () => {
  // A member with room for content goes, and does not come back.
  const member = fc
    .tuple(
      fc.string({ minLength: 1 }).filter((key) => !/^(mediaType|digest|size|annotations|urls|platform)$/i.test(key)),
      fc.jsonValue({ maxDepth: 2 }),
    )
    .filter((entry) => JSON.stringify(entry).length <= 64);
  const layer = fc.record({
    before: fc.uniqueArray(member, { maxLength: 2, selector: ([key]) => key }),
    annotations: fc.option(fc.dictionary(fc.string(), fc.string(), { minKeys: 1, maxKeys: 3 }), { nil: undefined }),
    last: fc.boolean(),
  });
  const space = fc.constantFrom("", " ", "\n", "\t", "\r\n   ");
  fc.assert(
    fc.property(
      fc.array(layer, { maxLength: 4 }),
      fc.array(space, { minLength: 1, maxLength: 11 }),
      (shapes, spaces) => {
        const layers = shapes.map(({ before, annotations, last }) => ({
          ...Object.fromEntries(before),
          ...(annotations && !last ? { annotations } : {}),
          mediaType: layerType,
          size: 7,
          digest,
          ...(annotations && last ? { annotations } : {}),
        }));
        const config = { mediaType: mediaTypes.ociConfig, digest, size: 3 };
        const text = spaced(JSON.stringify({ layers, config, other: { layers: [1] } }), spaces);
        const plain = view(text);
        const sealed = rewriteManifest(plain, plain.layers.map(seal));
        assert.equal(sealed === undefined, layers.length === 0);
        if (!sealed) return;
        const again = view(Buffer.from(sealed.bytes).toString());
        assert.ok(
          again.layers.every((one) => one.mediaType === encryptedType(layerType) && one.digest === sealedDigest),
        );
        const opened = rewriteManifest(again, again.layers.map(open));
        assert.equal(Buffer.from(opened?.bytes ?? "").toString(), text);
      },
    ),
    { numRuns: 500 },
  );
});

test("a media type keeps the escapes it was written with", () => {
  const text = `{"config":{"mediaType":"a","digest":"${digest}","size":1},"layers":[{"mediaType":"application\\/vnd.oci.image.layer.v1.tar\\u002bgzip","digest":"${digest}","size":7}]}`;
  const sealed = rewriteManifest(view(text), view(text).layers.map(seal));
  const again = view(Buffer.from(sealed?.bytes ?? "").toString());
  assert.equal(Buffer.from(rewriteManifest(again, again.layers.map(open))?.bytes ?? "").toString(), text);
});

test("an envelope is replaced where it stands, and annotations can all change at once", () => {
  const change = (before: object | undefined, after: Record<string, string> | undefined): unknown => {
    const layer = { mediaType: layerType, digest, size: 7, ...(before ? { annotations: before } : {}) };
    const manifest = view(JSON.stringify({ config: { mediaType: "a", digest, size: 1 }, layers: [layer] }));
    const written = rewriteManifest(
      manifest,
      manifest.layers.map((one) => ({ ...one, annotations: after })),
    );
    return JSON.parse(written ? Buffer.from(written.bytes).toString() : manifest.text).layers[0].annotations;
  };
  assert.deepEqual(change({ a: "1", b: "2" }, { a: "1", b: "3" }), { a: "1", b: "3" });
  assert.deepEqual(change({ a: "1", b: "2" }, { b: "2", c: "4" }), { b: "2", c: "4" });
  assert.deepEqual(change({ a: "1", b: "2", c: "3" }, { a: "1", d: "4" }), { a: "1", d: "4" });
  assert.deepEqual(change({ a: "1" }, { b: "2" }), { b: "2" });
  assert.deepEqual(change({}, { b: "2" }), { b: "2" });
  assert.deepEqual(change({ a: "1" }, undefined), undefined);
  assert.deepEqual(change(undefined, { a: "1" }), { a: "1" });
  assert.deepEqual(change({ a: "1", b: "2", c: "3" }, { c: "3" }), { c: "3" });
  assert.deepEqual(change({ a: "1", b: "2", c: "3" }, { b: "2" }), { b: "2" });
});
