import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { copy } from "../../../src/copy/copy.js";
import { OciEncError } from "../../../src/errors.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import { MemoryPlace } from "../../support/images/memory-image.js";
import { person } from "../../support/keys/people.js";

const alice = person("alice");
const tar = "application/vnd.oci.image.layer.v1.tar";

/** Members of a descriptor beside the three that it must have, as their text. */
const oddMembers = [
  '"annotations":null',
  '"annotations":{}',
  '"annotations": { }',
  '"annotations":{"a":"b"}',
  '"annotations":{"a":"\\u0062"}',
  '"platform":null',
  '"platform":{}',
  '"urls":null',
  '"urls":[]',
  '"data":""',
  '"data":null',
  '"artifactType":null',
  '"vendor":1.0',
  '"vendor":{}',
] as const;

interface Shape {
  readonly layer: readonly string[];
  readonly entry: readonly string[];
  readonly size: string;
  readonly digest: boolean;
  readonly reversed: boolean;
  readonly space: string;
}

/** A descriptor's text. `size` is how its number is spelled; `digest` whether one letter of it is escaped. */
function descriptorText(
  mediaType: string,
  of: { digest: string; size: number },
  members: readonly string[],
  shape: Shape,
) {
  const size = shape.size === "plain" ? `${of.size}` : shape.size === "point" ? `${of.size}.0` : `${of.size}e0`;
  const digest = shape.digest ? of.digest.replace("s", "\\u0073") : of.digest;
  const all = [`"mediaType":"${mediaType}"`, `"digest":"${digest}"`, `"size":${size}`, ...members];
  return `{${(shape.reversed ? all.toReversed() : all).join(`,${shape.space}`)}}`;
}

function imageOf(shape: Shape): MemoryPlace {
  const place = new MemoryPlace();
  const layer = place.add(tar, "content");
  const config = place.add(mediaTypes.ociConfig, {
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const plain = { ...shape, size: "plain", digest: false };
  const parts = [
    `"config":${descriptorText(mediaTypes.ociConfig, config, [], plain)}`,
    `"layers":[${descriptorText(tar, layer, shape.layer, shape)}]`,
  ];
  const manifest = place.add(mediaTypes.ociManifest, `{"schemaVersion":2,${parts.join(",")}}`);
  const entry = descriptorText(mediaTypes.ociManifest, manifest, shape.entry, shape);
  place.names.set("plain", place.add(mediaTypes.ociIndex, `{"schemaVersion":2,"manifests":[${entry}]}`));
  return place;
}

test("however descriptors are written: decrypting gives the digest back, or encrypting warns that it will not", async () => {
  const members = fc.uniqueArray(fc.constantFrom<string>(...oddMembers), {
    maxLength: 3,
    selector: (text) => text.slice(0, text.indexOf(":")),
  });
  const shapes: fc.Arbitrary<Shape> = fc.record({
    layer: members,
    entry: members,
    size: fc.constantFrom<string>("plain", "plain", "point", "exponent"),
    digest: fc.boolean(),
    reversed: fc.boolean(),
    space: fc.constantFrom<string>("", " ", "\n  "),
  });
  const outcomes = { restored: 0, warned: 0 };
  await fc.assert(
    fc.asyncProperty(shapes, async (shape: Shape) => {
      const place = imageOf(shape);
      const said = new Set<string>();
      const transform = await encryptLayers({ keys: [alice.encryption] });
      try {
        await copy(place.source("plain"), place.target("sealed"), {
          transform,
          progress: (event) => event.type === "warning" && said.add(event.code),
        });
      } catch (error) {
        // Refused is neither silent nor lossy.
        if (error instanceof OciEncError && error.code === "CORRUPT") return;
        throw error;
      }
      const back = await copy(place.source("sealed"), place.target("opened"), {
        transform: await decryptLayers({ keys: [alice.decryption] }),
      });
      const restored = back.digest === place.names.get("plain")?.digest;
      assert.notEqual(restored, said.has("DIGEST_NOT_RESTORED"));
      outcomes[restored ? "restored" : "warned"] += 1;
    }),
    {
      numRuns: 150,
      examples: oddMembers.map((member): [Shape] => [
        { layer: [member], entry: [], size: "plain", digest: false, reversed: false, space: "" },
      ]),
    },
  );
  assert.ok(outcomes.restored > 10 && outcomes.warned > 10, JSON.stringify(outcomes));
});
