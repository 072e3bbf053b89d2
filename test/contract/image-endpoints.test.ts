import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { ByteStream } from "../../src/bytes/byte-stream.js";
import { openSource, openTarget } from "../../src/doors/transport.js";
import { OciEncError } from "../../src/errors.js";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { digestOf } from "../../src/oci/digest.js";
import { manifestLimit, parseManifest } from "../../src/oci/manifest.js";
import { mediaTypes } from "../../src/oci/media-type.js";
import { walkImage } from "../../src/transport/layout/removal/walk.js";
import type { ImageSource, ImageTarget } from "../../src/transport/transport.js";
import { expectedError } from "../support/expected-error.js";
import { fileTree } from "../support/files/file-tree.js";
import { bringImage, inChunks, uploadOf } from "../support/images/bring-image.js";
import { addImage, MemoryPlace } from "../support/images/memory-image.js";
import { scratchOf } from "../support/scratch.js";
import { type TransportCase, transportCases } from "./transport-cases.js";

const tar = "application/vnd.oci.image.layer.v1.tar";

/** An image with a layer of several chunks, one of a few bytes and an empty one. */
function somePlace(): { place: MemoryPlace; root: Descriptor } {
  const place = new MemoryPlace();
  const layers = [700_001, 3, 0].map((size) => ({ mediaType: tar, bytes: randomBytes(size) }));
  return { place, root: addImage(place, { layers }) };
}

interface Ends {
  readonly directory: string;
  source(): Promise<ImageSource>;
  target(): Promise<ImageTarget>;
}

async function ends(row: TransportCase, t: TestContext): Promise<Ends> {
  const directory = scratchOf(t);
  const reference = row.reference(directory, "app");
  return {
    directory,
    source: () => openSource(reference, row.options(directory)),
    target: () => openTarget(reference, row.options(directory)),
  };
}

async function drained(bytes: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What is in a directory, but for what a later try goes on with. */
async function traces({ keeps }: TransportCase, directory: string): Promise<readonly string[] | undefined> {
  return (await fileTree(directory))?.filter((line) => !keeps?.test(line));
}

function layersOf(place: MemoryPlace, root: Descriptor): readonly Descriptor[] {
  const view = parseManifest(place.content(root.digest), root.mediaType);
  return view.kind === "manifest" ? view.layers : [];
}

function blobsOf(place: MemoryPlace, root: Descriptor): readonly Descriptor[] {
  const view = parseManifest(place.content(root.digest), root.mediaType);
  return view.kind === "manifest" ? [view.config, ...view.layers] : [];
}

async function filled(row: TransportCase, t: TestContext): Promise<Ends & { place: MemoryPlace; root: Descriptor }> {
  const both = await ends(row, t);
  const { place, root } = somePlace();
  await using target = await both.target();
  await bringImage(place, root, target);
  return { ...both, place, root };
}

for (const row of transportCases) {
  test(`${row.name}: what a target took, a source gives back, blob by blob and from any offset`, async (t) => {
    const { source: open, place, root } = await filled(row, t);
    await using source = await open();
    const resolved = await source.resolve();
    assert.deepEqual([resolved.mediaType, resolved.digest, resolved.size], [root.mediaType, root.digest, root.size]);
    assert.deepEqual(Buffer.from(await source.manifest(resolved)), place.content(root.digest));
    for (const layer of layersOf(place, root)) {
      const bytes = place.content(layer.digest);
      for (const from of [undefined, 0, 1, 262_144, layer.size - 1, layer.size]) {
        if ((from ?? 0) < 0) continue;
        assert.ok((await drained(source.blob(layer, from))).equals(bytes.subarray(from ?? 0)), `from ${from}`);
      }
    }
  });

  test(`${row.name}: both ends of one reference have one name and one place`, async (t) => {
    const { source: open, target: openTo } = await filled(row, t);
    await using source = await open();
    await using target = await openTo().catch(() => undefined);
    if (target) assert.deepEqual([target.name, target.place], [source.name, source.place]);
  });

  test(`${row.name}: nothing is visible before the commit, and all of it after`, async (t) => {
    const both = await ends(row, t);
    const { place, root } = somePlace();
    const look = async () => {
      await using source = await both.source();
      return (await source.resolve()).digest;
    };
    {
      await using target = await both.target();
      for (const layer of layersOf(place, root)) await target.put(uploadOf(place, layer));
      await assert.rejects(look, expectedError("NOT_FOUND"));
      await bringImage(place, root, target);
    }
    assert.equal(await look(), root.digest);
  });

  test(`${row.name}: a target that is abandoned leaves nothing behind`, async (t) => {
    const both = await ends(row, t);
    const { place, root } = somePlace();
    const before = await traces(row, both.directory);
    {
      await using target = await both.target();
      for (const blob of blobsOf(place, root)) await target.put(uploadOf(place, blob));
      await target.putManifest(root, place.content(root.digest));
    }
    assert.deepEqual(await traces(row, both.directory), before);
  });

  test(`${row.name}: a blob whose bytes fail half-way is not there`, async (t) => {
    const both = await ends(row, t);
    const { place, root } = somePlace();
    const [layer] = layersOf(place, root);
    assert.ok(layer);
    const before = await traces(row, both.directory);
    {
      await using target = await both.target();
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield randomBytes(300_000);
        throw new OciEncError("CORRUPT", "half-way");
      }
      const upload = { bytes: failing(), size: layer.size, digest: layer.digest, sum: () => layer };
      await assert.rejects(target.put(upload), expectedError("CORRUPT", /half-way/));
      assert.equal(await target.has(layer), false);
    }
    assert.deepEqual(await traces(row, both.directory), before);
  });

  test(`${row.name}: a target has a blob from the moment it was put, and only in its size`, async (t) => {
    const both = await ends(row, t);
    const { place, root } = somePlace();
    const [layer] = layersOf(place, root);
    assert.ok(layer);
    await using target = await both.target();
    assert.equal(await target.has(layer), false);
    await target.put(uploadOf(place, layer));
    assert.equal(await target.has(layer), true);
    assert.equal(await target.has({ ...layer, size: layer.size + 1 }), false);
  });

  test(`${row.name}: bytes of unknown digest are kept under their sum`, async (t) => {
    const both = await ends(row, t);
    const { place, root } = somePlace();
    {
      await using target = await both.target();
      for (const [digest, bytes] of place.blobs) {
        const sum = { digest: digestOf(bytes), size: bytes.length };
        assert.equal(sum.digest, digest);
        if (digest === root.digest) continue;
        await target.put({ bytes: inChunks(bytes, 70_000), size: sum.size, digest: undefined, sum: () => sum });
      }
      await target.commit(root, place.content(root.digest));
    }
    await using source = await both.source();
    assert.equal((await source.resolve()).digest, root.digest);
  });

  test(`${row.name}: a commit of an image whose blob never came is refused, and nothing is visible`, async (t) => {
    const both = await ends(row, t);
    const { place, root } = somePlace();
    const before = await traces(row, both.directory);
    {
      await using target = await both.target();
      for (const layer of layersOf(place, root).slice(1)) await target.put(uploadOf(place, layer));
      await assert.rejects(target.commit(root, place.content(root.digest)), (error) => error instanceof OciEncError);
    }
    assert.deepEqual(await traces(row, both.directory), before);
  });

  test(`${row.name}: a manifest that is not what its descriptor says is CORRUPT, and one that is too large is not read`, async (t) => {
    const { source: open, root } = await filled(row, t);
    await using source = await open();
    await source.resolve();
    await assert.rejects(source.manifest({ ...root, size: root.size - 1 }), expectedError("CORRUPT"));
    await assert.rejects(source.manifest({ ...root, size: manifestLimit + 1 }), expectedError("CORRUPT"));
  });

  test(`${row.name}: a blob that is not there is NOT_FOUND, at the first pull`, async (t) => {
    const { source: open } = await filled(row, t);
    await using source = await open();
    await source.resolve();
    const absent = { mediaType: tar, digest: digestOf(Buffer.from("absent")), size: 6 };
    const bytes = source.blob(absent);
    await assert.rejects(drained(bytes), expectedError("NOT_FOUND"));
  });
}

for (const row of transportCases.filter(({ row }) => !row.remote)) {
  test(`${row.name}: a stream opens nothing before the first pull, and closes what it opened when it is left`, {
    skip: process.platform === "linux" ? false : "needs /proc",
  }, async (t) => {
    const { source: open, place, root } = await filled(row, t);
    const [layer] = layersOf(place, root);
    assert.ok(layer);
    await using source = await open();
    await source.resolve();
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const before = descriptors();
    const bytes = source.blob(layer);
    assert.equal(descriptors(), before);
    for await (const chunk of bytes) {
      assert.ok(chunk.length > 0 && chunk.length < layer.size);
      break;
    }
    assert.equal(descriptors(), before);
  });
}

for (const row of transportCases.filter(({ indexes }) => indexes)) {
  test(`${row.name}: an index with two platforms, one of them nested, comes back whole`, async (t) => {
    const both = await ends(row, t);
    const place = new MemoryPlace();
    const child = (architecture: string) => ({
      ...addImage(place, {
        layers: [{ mediaType: tar, bytes: randomBytes(100) }],
        platform: { os: "linux", architecture },
      }),
      platform: { os: "linux", architecture },
    });
    const index = (manifests: readonly Descriptor[]) =>
      place.add(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
    const root = index([child("amd64"), index([child("arm64")])]);
    {
      await using target = await both.target();
      await bringImage(place, root, target);
    }
    await using source = await both.source();
    assert.equal((await source.resolve()).digest, root.digest);
    const found = new Set<string>();
    for await (const { descriptor, role } of walkImage(root, (manifest) => source.manifest(manifest))) {
      const isManifest = role === "manifest";
      const bytes = isManifest ? await source.manifest(descriptor) : await drained(source.blob(descriptor));
      assert.deepEqual(Buffer.from(bytes), Buffer.from(place.content(descriptor.digest)));
      found.add(descriptor.digest);
    }
    assert.deepEqual(found, new Set(place.blobs.keys()));
  });
}

for (const row of transportCases.filter(({ several }) => several)) {
  test(`${row.name}: a reference moves when it is written again, unless it is not what was expected`, async (t) => {
    const both = await filled(row, t);
    const next = somePlace();
    const look = async () => {
      await using source = await both.source();
      return (await source.resolve()).digest;
    };
    {
      await using target = await both.target();
      await assert.rejects(
        bringImage(next.place, next.root, target, { expect: next.root.digest }),
        expectedError("CONFLICT", /moved meanwhile/),
      );
    }
    assert.equal(await look(), both.root.digest);
    await using target = await both.target();
    await bringImage(next.place, next.root, target, { expect: both.root.digest });
    assert.equal(await look(), next.root.digest);
  });
}
