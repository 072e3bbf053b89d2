import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { copy } from "../../../src/copy/copy.js";
import { OciEncError } from "../../../src/errors.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import type { ProgressEvent } from "../../../src/progress.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import type { LayerTransform } from "../../../src/transform/layer-transform.js";
import type { Committed, ImageSource, ImageTarget, Upload } from "../../../src/transport/transport.js";
import { expectedError } from "../../support/expected-error.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { ecPair, encryptionKey } from "../../support/keys/key-pair.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const keys = [encryptionKey(ecPair().publicKey)];

function somewhere(size = 1000): { place: MemoryPlace; root: Descriptor } {
  const place = new MemoryPlace();
  const root = addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(size) }] });
  place.names.set("app", root);
  return { place, root };
}

test("with preserved digests, a copy that would change the image is refused before a byte moves", async () => {
  const { place, root } = somewhere();
  const b = new MemoryPlace("memory:b");
  const options = { preserveDigests: true, transform: await encryptLayers({ keys }) };
  await assert.rejects(copy(place.source("app"), b.target("app"), options), expectedError("UNSUPPORTED", /digest/));
  assert.equal(b.log.length, 0);
  assert.equal((await copy(place.source("app"), b.target("app"), { preserveDigests: true })).digest, root.digest);
});

test("additional tags come after the image's own name, and a target without tags is told at once", async () => {
  const { place, root } = somewhere();
  const b = new MemoryPlace("memory:b");
  const additionalTags = ["one", "two"];
  await assert.rejects(copy(place.source("app"), b.target("app"), { additionalTags }), expectedError("USAGE"));
  assert.equal(b.log.length, 0);
  const tagged: string[] = [];
  const target: ImageTarget = Object.assign(b.target("app"), {
    tag: async (tag: string, named: Descriptor) => {
      tagged.push(`${tag} ${named.digest} ${b.names.has("app")}`);
    },
  });
  await copy(place.source("app"), target, { additionalTags });
  assert.deepEqual(tagged, [`one ${root.digest} true`, `two ${root.digest} true`]);
});

test("what a target holds of a blob is hashed with the rest and not fetched again, unless it is wrong", async () => {
  const { place, root } = somewhere(10_000);
  const layer: Descriptor = JSON.parse(place.text(root.digest)).layers[0];
  const whole = place.content(layer.digest);
  for (const beginning of [whole.subarray(0, 4000), randomBytes(4000)]) {
    const b = new MemoryPlace("memory:b");
    const fetched: [string, number | undefined][] = [];
    const source: ImageSource = {
      ...place.source("app"),
      blob: (descriptor, from) => {
        fetched.push([descriptor.digest, from]);
        return one(place.content(descriptor.digest).subarray(from));
      },
    };
    const puts: Upload[] = [];
    const plain = b.target("app");
    const target: ImageTarget = Object.assign(plain, {
      begun: async ({ digest }: Descriptor) =>
        digest === layer.digest ? { size: beginning.length, bytes: one(beginning) } : undefined,
      put: async (upload: Upload) => {
        puts.push(upload);
        await b.target("app").put(upload);
      },
    });
    await copy(source, target);
    const wrong = digestOf(beginning) !== digestOf(whole.subarray(0, 4000));
    assert.deepEqual(
      fetched.filter(([digest]) => digest === layer.digest).map(([, from]) => from),
      wrong ? [4000, undefined] : [4000],
    );
    assert.equal(puts.findLast(({ digest }) => digest === layer.digest)?.begun, wrong ? undefined : 4000);
    assert.deepEqual(Buffer.from(b.content(layer.digest)), Buffer.from(whole));
  }
});

test("a failure that may pass is tried anew as often as the ends say, each time from the first byte", async () => {
  for (const [failures, retries, ends] of [
    [1, 2, true],
    [1, 1, true],
    [3, 2, false],
    [1, 0, false],
  ] as const) {
    const { place, root } = somewhere();
    const layer: Descriptor = JSON.parse(place.text(root.digest)).layers[0];
    let left: number = failures;
    const plain = place.source("app");
    const source: ImageSource = {
      ...plain,
      retries,
      async *blob(descriptor) {
        if (descriptor.digest === layer.digest && left-- > 0) {
          yield place.content(descriptor.digest).subarray(0, 10);
          throw new OciEncError("UNAVAILABLE", "the line broke", { retryable: true });
        }
        yield place.content(descriptor.digest);
      },
    };
    const b = new MemoryPlace("memory:b");
    const copying = copy(source, b.target("app"), { transform: await encryptLayers({ keys }) });
    if (ends) await copying;
    else await assert.rejects(copying, expectedError("UNAVAILABLE"));
    assert.equal(b.names.has("app"), ends);
  }
});

test("a copy in its place names the plain blobs that encrypting replaced, and says what became of them", async () => {
  const blob = { mediaType: tar, digest: digestOf(Buffer.from("blob")), size: 4 };
  const busy = { blob, why: "another image names it" };
  const young = { blob, why: "another writer is at work" };
  const stuck = { blob, why: "no permission", failed: true } as const;
  const rows: readonly (readonly [Committed, readonly string[], RegExp?])[] = [
    [{ removed: [], kept: [] }, []],
    [{ removed: [blob], kept: [] }, ["PLAIN_BLOBS_REMOVED removed 1 plain blobs that nothing names any more"]],
    [
      { removed: [blob, blob], kept: [busy, young, busy] },
      [
        "PLAIN_BLOBS_REMOVED removed 2 plain blobs that nothing names any more",
        "PLAIN_BLOBS_KEPT 2 plain blobs stay: another image names it",
        "PLAIN_BLOBS_KEPT 1 plain blobs stay: another writer is at work",
      ],
    ],
    [{ removed: [], kept: [stuck] }, [], /no permission/],
    [
      { removed: [], kept: [stuck, busy] },
      ["PLAIN_BLOBS_KEPT 1 plain blobs stay: another image names it"],
      /permission/,
    ],
  ];
  for (const [committed, said, failure] of rows) {
    const { place, root } = somewhere();
    const { layers }: { readonly layers: readonly Descriptor[] } = JSON.parse(place.text(root.digest));
    const obsolete: (readonly Descriptor[] | undefined)[] = [];
    const plain = place.target("app");
    const target: ImageTarget = Object.assign(place.target("app"), {
      commit: async (...[written, bytes, options]: Parameters<ImageTarget["commit"]>) => {
        obsolete.push(options?.obsolete);
        await plain.commit(written, bytes, options);
        return committed;
      },
    });
    const warned: string[] = [];
    const progress = (event: ProgressEvent) =>
      event.type === "warning" && warned.push(`${event.code} ${event.message}`);
    const copying = copy(place.source("app"), target, { transform: await encryptLayers({ keys }), progress });
    if (failure) await assert.rejects(copying, expectedError("LOCAL_IO", failure));
    else assert.equal((await copying).changed, true);
    assert.deepEqual(warned, said);
    assert.notEqual(place.names.get("app")?.digest, root.digest);
    assert.deepEqual(
      obsolete.map((blobs) => blobs?.map(({ digest }) => digest)),
      [layers.map(({ digest }) => digest)],
    );
  }
});

test("plain blobs for which previous ones serve again count as replaced, and nothing does at another place", async () => {
  const { place, root } = somewhere();
  const { layers }: { readonly layers: readonly Descriptor[] } = JSON.parse(place.text(root.digest));
  const sealed = { ...place.add(`${tar}+encrypted`, "sealed before"), annotations: {} };
  const transform: LayerTransform = {
    layer: async () => ({
      kind: "reuse",
      blob: sealed,
      origin: place.source("app"),
      known: "pinned",
      relabel: (layer) => ({ ...layer, ...sealed }),
    }),
  };
  for (const [to, expected] of [
    [place, layers.map(({ digest }) => digest)],
    [new MemoryPlace("memory:b"), []],
  ] as const) {
    let obsolete: readonly string[] | undefined;
    const plain = to.target("app");
    const target: ImageTarget = Object.assign(to.target("app"), {
      commit: async (...[written, bytes, options]: Parameters<ImageTarget["commit"]>) => {
        obsolete = options?.obsolete?.map(({ digest }) => digest);
        return await plain.commit(written, bytes, options);
      },
    });
    place.names.set("app", root);
    const { layers: reported } = await copy(place.source("app"), target, { transform });
    assert.deepEqual(obsolete, expected);
    assert.deepEqual(
      reported.map(({ action, known, after }) => [action, known, after?.digest]),
      [["reuse", "pinned", sealed.digest]],
    );
  }
});

test("a failure says at which end it happened, whatever was being done there", async () => {
  const fail = async () => {
    throw new OciEncError("UNAVAILABLE", "it is away");
  };
  const begun = async () => ({ size: 5, bytes: one(Buffer.alloc(5)) });
  const failures: Readonly<Record<string, readonly ["source" | "target", object]>> = {
    resolve: ["source", { resolve: fail }],
    manifest: ["source", { manifest: fail }],
    blob: ["source", { blob: () => broken() }],
    has: ["target", { has: fail }],
    mount: ["target", { mount: fail }],
    begun: ["target", { begun: fail }],
    put: ["target", { put: fail }],
    "put of the rest": ["target", { begun, put: fail }],
    commit: ["target", { commit: fail }],
    tag: ["target", { tag: fail }],
  };
  for (const [what, [side, methods]] of Object.entries(failures)) {
    const { place } = somewhere();
    const b = new MemoryPlace("memory:b");
    const source = Object.assign(place.source("app"), side === "source" ? methods : {});
    const target = Object.assign(b.target("app"), side === "target" ? methods : {});
    const options = what === "tag" ? { additionalTags: ["one"] } : {};
    await assert.rejects(copy(source, target, options), (error) => {
      assert.ok(error instanceof OciEncError);
      assert.deepEqual([error.code, error.side], ["UNAVAILABLE", side], what);
      return true;
    });
    assert.equal(b.names.has("app"), what === "tag", what);
  }
});

test("each blob that the target has or takes over is said to be skipped, and each other to have moved", async () => {
  for (const [what, methods] of [
    ["present", { has: async () => true }],
    ["mounted", { mount: async () => true }],
    [undefined, { mount: async () => false }],
  ] as const) {
    const { place, root } = somewhere();
    const { layers, config } = JSON.parse(place.text(root.digest));
    const events: string[] = [];
    const progress = (event: ProgressEvent) => {
      if (event.type === "skipped") events.push(`skipped ${event.blob.digest} ${event.why}`);
      if (event.type === "started") events.push(`started ${event.blob.digest} ${event.action}`);
      if (event.type === "finished") events.push(`finished ${event.blob.digest} ${event.as.digest}`);
    };
    const target = Object.assign(new MemoryPlace("memory:b").target("app"), methods);
    await copy(place.source("app"), target, { jobs: 1, progress });
    const blobs: readonly Descriptor[] = [...layers, config];
    assert.deepEqual(
      events.toSorted(),
      blobs
        .flatMap(({ digest }) =>
          what ? [`skipped ${digest} ${what}`] : [`started ${digest} copy`, `finished ${digest} ${digest}`],
        )
        .toSorted(),
    );
  }
});

test("what is said to have moved of a blob grows from report to report, up to its size", async () => {
  const { place, root } = somewhere(5 * 2 ** 20);
  const layer: Descriptor = JSON.parse(place.text(root.digest)).layers[0];
  const reports: number[] = [];
  const progress = (event: ProgressEvent) => {
    if (event.type === "moved" && event.blob.digest === layer.digest) reports.push(event.bytes);
  };
  await copy(place.source("app"), new MemoryPlace("memory:b").target("app"), { progress });
  assert.ok(reports.length > 1);
  assert.deepEqual(
    reports,
    reports.toSorted((one, other) => one - other),
  );
  assert.equal(reports.at(-1), layer.size);
});

// biome-ignore lint/correctness/useYield: it fails before its first byte
async function* broken(): AsyncGenerator<Uint8Array> {
  throw new OciEncError("UNAVAILABLE", "it is away");
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
