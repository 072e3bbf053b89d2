import assert from "node:assert/strict";
import { test } from "node:test";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { localPlatform } from "../../../src/oci/platform.js";
import { type CheckedImage, type CheckOptions, checkImage } from "../../../src/policy/check-image.js";
import type { PolicyChecker } from "../../../src/policy/policy-checker.js";
import { expectedError } from "../../support/expected-error.js";
import { AttachedPlace } from "../../support/images/attached-place.js";
import { addImage } from "../../support/images/memory-image.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const here = localPlatform();
const [amd64, arm64, s390x] = ["amd64", "arm64", "s390x"].map((architecture) => ({ os: "linux", architecture }));
assert.ok(amd64 && arm64 && s390x);

/** An index of three images, an attestation of each, and something of an unknown kind; each under a letter. */
function furnished() {
  const place = new AttachedPlace();
  const image = (content: string, platform: NonNullable<typeof amd64>, mediaType: string) => ({
    ...addImage(place, { layers: [{ mediaType, bytes: Buffer.from(content) }], platform }),
    platform,
  });
  const images = [
    image("a", amd64 ?? assert.fail(), `${tar}+encrypted`),
    image("b", arm64 ?? assert.fail(), tar),
    image("c", s390x ?? assert.fail(), tar),
  ];
  const attestation = (subject: Descriptor) => ({
    ...addImage(place, { layers: [place.add(mediaTypes.inToto, subject.digest)].map(layerOf(place)) }),
    platform: { os: "unknown", architecture: "unknown" },
    annotations: {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": subject.digest,
    },
  });
  const manifests = [...images, ...images.map(attestation), place.add("application/x", "{}")];
  const root = place.add(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  place.names.set("image", root);
  const letters = new Map([[root, "I"] as const, ...manifests.map((one, at) => [one, "abcxyzu"[at] ?? "?"] as const)]);
  return { place, root, letterOf: (digest: string) => [...letters].find(([one]) => one.digest === digest)?.[1] ?? "?" };
}

function layerOf(place: AttachedPlace) {
  return ({ mediaType, digest }: Descriptor) => ({ mediaType, bytes: place.content(digest) });
}

/** What was asked about, in its order, and what the results are of: `I+` the index was accepted, `a-` refused. */
async function checked(signed: string, options: Partial<CheckOptions> = {}) {
  const { place, root, letterOf } = furnished();
  let asked = "";
  const checker: PolicyChecker = {
    id: "id",
    title: "title",
    async check({ descriptor }) {
      const letter = letterOf(descriptor.digest);
      asked += letter;
      if (signed.includes(letter)) return { kind: "accepted", by: [] };
      return { kind: "refused", code: "UNTRUSTED", reasons: [letter] };
    },
  };
  const image = await checkImage(place.source("image"), root, { checkers: [checker], identity: undefined, ...options });
  for (const result of image.results) assert.deepEqual(result.checker, { id: "id", title: "title" });
  return { image, asked, results: printed(image, letterOf) };
}

function printed({ results }: CheckedImage, letterOf: (digest: string) => string): string {
  return results
    .map(({ manifest, outcome }) => `${letterOf(manifest.digest)}${outcome.kind === "accepted" ? "+" : "-"}`)
    .join(" ");
}

/** What is signed, how it is asked, about what the checker is asked, the results. */
const rows: readonly (readonly [string, Partial<CheckOptions>, string, string])[] = [
  ["I", {}, "I", "I+"],
  ["Iab", {}, "I", "I+"],
  ["", {}, "Iabcxyzu", "I-"],
  ["abcxyzu", {}, "Iabcxyzu", "a+ b+ c+ x+ y+ z+ u+"],
  ["abcxyz", {}, "Iabcxyzu", "a+ b+ c+ x+ y+ z+ u-"],
  ["a", {}, "Iabcxyzu", "a+ b- c- x- y- z- u-"],
  ["I", { instanceSignatures: true }, "abcxyzu", "a- b- c- x- y- z- u-"],
  ["Iabcxyzu", { instanceSignatures: true }, "abcxyzu", "a+ b+ c+ x+ y+ z+ u+"],
  // Two platforms come with what describes them, and without the others and what describes those.
  ["abxy", { platforms: [amd64, arm64] }, "Iabxy", "a+ b+ x+ y+"],
  ["abx", { platforms: [amd64, arm64] }, "Iabxy", "a+ b+ x+ y-"],
  ["czu", { platforms: [amd64, arm64] }, "Iabxy", "I-"],
  ["bcyz", { platforms: [arm64, s390x], instanceSignatures: true }, "bcyz", "b+ c+ y+ z+"],
  // One platform is that image alone.
  ["a", { platforms: [amd64] }, "Ia", "a+"],
  ["bx", { platforms: [amd64] }, "Ia", "I-"],
  ["I", { platforms: [amd64] }, "I", "I+"],
  ["b", { platforms: [arm64], instanceSignatures: true }, "b", "b+"],
];

for (const [signed, options, asked, results] of rows) {
  const how = [options.platforms, options.instanceSignatures && "each on its own"].filter(Boolean);
  test(`of an index, signed ${signed || "nothing"}${how.length > 0 ? `, ${JSON.stringify(how)}` : ""}: ${results}`, async () => {
    const outcome = await checked(signed, options);
    assert.deepEqual([outcome.asked, outcome.results], [asked, results]);
    assert.equal(outcome.image.signed, results.includes("+"));
  });
}

test("how much is encrypted is counted over what will be used, with what is of an unknown kind", async () => {
  const encryption = async (options: Partial<CheckOptions>) => {
    const { encrypted, each } = (await checked("I", options)).image;
    return [encrypted, each];
  };
  assert.deepEqual(await encryption({}), ["some", ["all", "none", "none", "none"]]);
  assert.deepEqual(await encryption({ platforms: [amd64, s390x] }), ["some", ["all", "none"]]);
  assert.deepEqual(await encryption({ platforms: [amd64] }), ["all", ["all"]]);
  assert.deepEqual(await encryption({ platforms: [arm64] }), ["none", ["none"]]);
  const missing = encryption({ platforms: [{ os: "linux", architecture: "riscv64" }] });
  await assert.rejects(missing, expectedError("NOT_FOUND", /linux\/riscv64/));
});

test("for this machine its image is checked, and every one where there is none for it", async () => {
  for (const [platforms, expected] of [
    [[here, s390x], "I0"],
    [[s390x, { os: "windows", architecture: "amd64" }], "I01"],
  ] as const) {
    const place = new AttachedPlace();
    const manifests = platforms.map((platform, index) => ({
      ...addImage(place, { layers: [{ mediaType: tar, bytes: Buffer.from([index]) }] }),
      platform,
    }));
    const root = place.add(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
    let asked = "";
    const checker: PolicyChecker = {
      id: "id",
      title: "title",
      async check({ descriptor }) {
        const at = manifests.findIndex(({ digest }) => digest === descriptor.digest);
        asked += at < 0 ? "I" : at;
        return at < 0 ? { kind: "refused", code: "UNTRUSTED", reasons: [""] } : { kind: "accepted", by: [] };
      },
    };
    const options = { checkers: [checker], identity: undefined, platforms: "local" } as const;
    const { each } = await checkImage(place.source("image"), root, options);
    assert.equal(asked, expected);
    assert.equal(each.length, expected.length - 1);
  }
});
