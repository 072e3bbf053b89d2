import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { copy } from "../../../src/copy/copy.js";
import { hasEnvelope } from "../../../src/crypt/envelope.js";
import { type ErrorCode, OciEncError } from "../../../src/errors.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { isEncrypted } from "../../../src/oci/media-type.js";
import { type EncryptOptions, encryptLayers } from "../../../src/transform/encrypt.js";
import { parseLayerSelection } from "../../../src/transform/select.js";
import { expectedError } from "../../support/expected-error.js";
import { addImage, type ImageShape, MemoryPlace } from "../../support/images/memory-image.js";
import { person } from "../../support/keys/people.js";

const oci = "application/vnd.oci.image.layer.v1.tar";
const restricted = "application/vnd.oci.image.layer.nondistributable.v1.tar";
const docker = "application/vnd.docker.image.rootfs.diff.tar";
const foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar";
const alice = person("alice");

type GivenLayer = Partial<ImageShape["layers"][number]>;
type How = Partial<EncryptOptions> & { readonly docker?: boolean };
/** What became of the layer and what was warned, or the code of the refusal. */
type Outcome = { readonly action: "encrypt" | "keep"; readonly said: readonly string[] } | ErrorCode;

const encrypted: Outcome = { action: "encrypt", said: [] };
const kept: Outcome = { action: "keep", said: [] };
const inTheClear: Outcome = { action: "keep", said: ["LAYER_KEPT"] };
const changed: Outcome = { action: "encrypt", said: ["DIGEST_NOT_RESTORED"] };
const urls = ["https://elsewhere.example/layer"];
const one = { select: parseLayerSelection(["1"]) };

type Row = readonly [string, GivenLayer, How, Outcome];

const rows: readonly Row[] = [
  ...["", "+gzip", "+zstd"].flatMap((form): readonly Row[] => [
    [`a layer${form}`, { mediaType: oci + form }, {}, encrypted],
    [`a restricted layer${form}`, { mediaType: restricted + form }, {}, "UNSUPPORTED"],
    [
      `a restricted layer${form} that may stay`,
      { mediaType: restricted + form },
      { nondistributable: "skip" },
      inTheClear,
    ],
    [
      `a restricted layer${form} that is to be encrypted`,
      { mediaType: restricted + form },
      { nondistributable: "encrypt" },
      encrypted,
    ],
    [`an encrypted layer${form}`, { mediaType: `${oci}${form}+encrypted` }, {}, "USAGE"],
    [
      `an encrypted layer${form} that may stay`,
      { mediaType: `${oci}${form}+encrypted` },
      { ifEncrypted: "skip" },
      kept,
    ],
  ]),
  ...(["fail", "skip", "add"] as const).map(
    (ifEncrypted): Row => [
      `a type that says twice that it is encrypted, with ${ifEncrypted}`,
      { mediaType: `${oci}+encrypted+encrypted` },
      { ifEncrypted },
      "CORRUPT",
    ],
  ),
  ["a layer with urls", { urls }, {}, "UNSUPPORTED"],
  ["a layer with urls that may stay", { urls }, { nondistributable: "skip" }, inTheClear],
  ["a layer with urls that is to be encrypted", { urls }, { nondistributable: "encrypt" }, encrypted],
  ["a layer of an unknown type", { mediaType: "application/x" }, {}, inTheClear],
  ["a layer of an unknown type, by name", { mediaType: "application/x" }, one, "UNSUPPORTED"],
  [
    "a plain type with wrapped keys",
    { annotations: { "org.opencontainers.image.enc.keys.jwe": "eA==" } },
    {},
    "CORRUPT",
  ],
  ["a Docker layer in a Docker manifest", { mediaType: docker }, { docker: true }, changed],
  ["a Docker layer in an OCI manifest", { mediaType: `${docker}.gzip` }, {}, changed],
  ["a foreign layer of Docker", { mediaType: foreign }, {}, "UNSUPPORTED"],
  ["a foreign layer of Docker that may stay", { mediaType: foreign }, { nondistributable: "skip" }, inTheClear],
  [
    "a foreign layer of Docker that is to be encrypted",
    { mediaType: foreign },
    { nondistributable: "encrypt" },
    changed,
  ],
];

for (const [what, given, { docker: isDocker = false, ...how }, expected] of rows) {
  test(`${what}: ${typeof expected === "string" ? expected : [expected.action, ...expected.said].join(", ")}`, async () => {
    const place = new MemoryPlace();
    const layers = [
      { mediaType: oci, bytes: randomBytes(50) },
      { mediaType: oci, bytes: randomBytes(60), ...given },
    ];
    place.names.set("image", addImage(place, { layers, docker: isDocker }));
    const said: string[] = [];
    const transform = await encryptLayers({
      keys: [alice.encryption],
      progress: (event) => void (event.type === "warning" && said.push(event.code)),
      ...how,
    });
    const copying = copy(place.source("image"), place.target("sealed"), { transform });
    if (typeof expected === "string") {
      await assert.rejects(copying, (error) => error instanceof OciEncError && error.code === expected);
      assert.equal(place.names.has("sealed"), false);
      assert.ok(!place.log.some((line) => line.startsWith("put")));
      return;
    }
    const { layers: reported } = await copying;
    assert.deepEqual({ action: reported[1]?.action, said }, expected);
    const [before, after] = ["image", "sealed"].map((name): Descriptor => {
      return JSON.parse(place.text(place.names.get(name)?.digest ?? "")).layers[1];
    });
    assert.ok(after);
    if (expected.action === "keep") assert.deepEqual(after, before);
    else assert.ok(isEncrypted(after.mediaType) && hasEnvelope(after.annotations));
  });
}

test("where nothing is of a known type, nothing can be encrypted; where all of it is encrypted already, nothing has to be", async () => {
  for (const [types, ifEncrypted, refused] of [
    [["application/x"], undefined, true],
    [["application/x", "application/y"], "skip", true],
    [["application/x", `${oci}+encrypted`], "skip", false],
    [["application/x", restricted], undefined, true],
    [["application/x", oci], undefined, false],
    [[], undefined, false],
  ] as const) {
    const place = new MemoryPlace();
    const layers = types.map((mediaType) => ({ mediaType, bytes: randomBytes(9) }));
    place.names.set("image", addImage(place, { layers }));
    const transform = await encryptLayers({ keys: [alice.encryption], ifEncrypted, nondistributable: "skip" });
    const copying = copy(place.source("image"), place.target("sealed"), { transform });
    if (refused) await assert.rejects(copying, expectedError("UNSUPPORTED", /nothing can be encrypted/), `${types}`);
    else
      assert.equal(
        (await copying).changed,
        types.some((type) => type === oci),
      );
  }
});
