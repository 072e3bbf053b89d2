import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { copy } from "../../../src/copy/copy.js";
import { openSource, openTarget } from "../../../src/doors/transport.js";
import { digestOf, hexOf } from "../../../src/oci/digest.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import type { EndpointOptions } from "../../../src/transport/transport.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { person } from "../../support/keys/people.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const alice = person("alice");
const umask = process.umask();
after(() => process.umask(umask));

const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", bytes: randomBytes(5000) };
const plain = new MemoryPlace("memory:plain");
plain.names.set("image", addImage(plain, { layers: [layer] }));
const sealed = new MemoryPlace("memory:sealed");
await copy(plain.source("image"), sealed.target("image"), {
  transform: await encryptLayers({ keys: [alice.encryption] }),
});

let count = 0;

/** Each kind of target on disk, and the names of its files that hold the layer. */
const kinds: Readonly<Record<string, { at(path: string): string; holdsLayer: RegExp }>> = {
  "an OCI layout": { at: (path) => `oci:${path}:app`, holdsLayer: new RegExp(hexOf(digestOf(layer.bytes))) },
  "a directory": { at: (path) => `dir:${path}`, holdsLayer: new RegExp(hexOf(digestOf(layer.bytes))) },
  "an OCI archive": { at: (path) => `oci-archive:${path}:app`, holdsLayer: /./ },
  "a Docker archive": { at: (path) => `docker-archive:${path}:app:1`, holdsLayer: /./ },
  "the local store": { at: () => "app:1", holdsLayer: new RegExp(hexOf(digestOf(layer.bytes))) },
};

function freshPath(): string {
  count += 1;
  return join(scratch, `target-${count}`);
}

async function write(reference: string, place: MemoryPlace, options: EndpointOptions): Promise<void> {
  await using target = await openTarget(reference, options);
  const transform = place === sealed ? await decryptLayers({ keys: [alice.decryption] }) : undefined;
  await copy(place.source("image"), target, { transform });
}

/** The mode of every file at a path, by its name. */
function modes(path: string): readonly (readonly [name: string, mode: number])[] {
  if (statSync(path).isFile()) return [["archive", statSync(path).mode & 0o7777]];
  const files = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(path, name)).isFile(),
  );
  return files.map((name) => [name, statSync(join(path, name)).mode & 0o7777]);
}

/** A way to write the image: from where, by which umask, with which wish. */
interface Way {
  readonly place: MemoryPlace;
  readonly mask: number;
  readonly plainMode?: number;
}

const ways: readonly Way[] = [0o022, 0o077].flatMap((mask) => [
  { place: sealed, mask },
  { place: sealed, mask, plainMode: 0o644 },
  { place: plain, mask },
]);

async function written(kind: keyof typeof kinds, { place, mask, plainMode }: Way) {
  const path = freshPath();
  process.umask(mask);
  await write(kinds[kind]?.at(path) ?? "", place, { store: path, plainMode });
  process.umask(umask);
  return modes(path);
}

test("what was encrypted is its owner's alone wherever it is written decrypted, and all else is as the umask says", async () => {
  let inputs = 0;
  for (const [kind, { holdsLayer }] of Object.entries(kinds)) {
    for (const way of ways) {
      const found = await written(kind, way);
      assert.ok(found.some(([name]) => holdsLayer.test(name)));
      const { place, mask, plainMode = 0o600 } = way;
      const expected = (name: string) => (place === sealed && holdsLayer.test(name) ? plainMode : 0o666 & ~mask);
      assert.deepEqual(
        found,
        found.map(([name]) => [name, expected(name)]),
        `${kind}, umask ${mask.toString(8)}`,
      );
      inputs += 1;
    }
  }
  assert.equal(inputs, 5 * 6);
});

test("an archive or a blob that others could read becomes its owner's alone when it is written decrypted", async () => {
  const archive = freshPath();
  writeFileSync(archive, "old");
  chmodSync(archive, 0o644);
  await write(`oci-archive:${archive}:app`, sealed, { force: true });
  assert.equal(statSync(archive).mode & 0o777, 0o600);

  const layout = freshPath();
  process.umask(0o022);
  await write(`oci:${layout}:plain`, plain, {});
  await write(`oci:${layout}:opened`, sealed, {});
  process.umask(umask);
  const blob = join(layout, "blobs/sha256", hexOf(digestOf(layer.bytes)));
  assert.equal(statSync(blob).mode & 0o777, 0o600);
});

test("decrypting in place leaves no file of the content that others can read", async () => {
  const layout = freshPath();
  process.umask(0o022);
  {
    await using target = await openTarget(`oci:${layout}:app`);
    await copy(sealed.source("image"), target);
  }
  const reference = `oci:${layout}:app`;
  {
    await using source = await openSource(reference);
    await using target = await openTarget(reference, { inPlaceOf: reference });
    await copy(source, target, { transform: await decryptLayers({ keys: [alice.decryption] }) });
  }
  process.umask(umask);
  const blob = join(layout, "blobs/sha256", hexOf(digestOf(layer.bytes)));
  assert.ok(existsSync(blob));
  assert.equal(statSync(blob).mode & 0o777, 0o600);
});
