import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { copy } from "../../../src/copy/copy.js";
import type { ProgressEvent } from "../../../src/progress.js";
import { writeBundle } from "../../../src/runtime/bundle.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import type { ImageSource } from "../../../src/transport/transport.js";
import { type UnpackOptions, unpack } from "../../../src/unpack/unpack.js";
import type { GivenEntry } from "../../support/bytes/tar-file.js";
import { expectedError } from "../../support/expected-error.js";
import { layeredImage } from "../../support/images/layered-image.js";
import { MemoryPlace } from "../../support/images/memory-image.js";
import { person } from "../../support/keys/people.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const isRoot = process.geteuid?.() === 0;
const needsRoot = isRoot ? false : "only root can do this";
const alice = person("alice");
let count = 0;

function freshPath(): string {
  count += 1;
  return join(scratch, `tree-${count}`);
}

const harmless: readonly GivenEntry[] = [
  { name: "./", type: "directory", mode: 0o755, uid: isRoot ? 7 : 0 },
  { name: "d", type: "directory", mode: 0o775 },
  { name: "d/file", content: "x", mode: 0o664 },
];

async function sealedImage(entries: readonly GivenEntry[]): Promise<ImageSource> {
  const place = new MemoryPlace("memory:sealed");
  const transform = await encryptLayers({ keys: [alice.encryption] });
  await copy(await layeredImage([entries]), place.target("image"), { transform });
  return place.source("image");
}

async function codesOf(
  source: ImageSource,
  directory: string,
  options: UnpackOptions = {},
): Promise<readonly string[]> {
  const said: string[] = [];
  const progress = (event: ProgressEvent) => void (event.type === "warning" && said.push(event.code));
  await unpack(source, directory, { keys: [alice.decryption], progress, ...options });
  return said.filter((code) => code === "TREE_CLOSED" || code === "UNPACKED_PLAIN");
}

/** A directory of this mode, whatever the umask is. */
function makeOpen(directory: string, mode: number): void {
  mkdirSync(directory);
  chmodSync(directory, mode);
}

function modeOf(...path: readonly string[]): number {
  return statSync(join(...path)).mode & 0o7777;
}

test("the tree of an encrypted image is under a directory of the caller's alone, whatever was there", async () => {
  for (const { before, force } of [
    { before: undefined, force: false },
    { before: 0o755, force: false },
    { before: 0o777, force: false },
    { before: 0o755, force: true },
    { before: 0o777, force: true },
  ]) {
    const directory = freshPath();
    if (before !== undefined) makeOpen(directory, before);
    if (force) writeFileSync(join(directory, "there"), "");
    assert.deepEqual(await codesOf(await sealedImage(harmless), directory, { force }), ["UNPACKED_PLAIN"]);
    assert.equal(modeOf(directory), 0o700);
    assert.equal(statSync(directory).uid, process.geteuid?.());
    assert.deepEqual([modeOf(directory, "d"), modeOf(directory, "d/file")], [0o775, 0o664]);
  }
});

test("who asks for another mode gets it", async () => {
  const directory = freshPath();
  await codesOf(await sealedImage(harmless), directory, { plainMode: 0o750 });
  assert.equal(modeOf(directory), 0o750);
});

test("the tree of a plain image has the image's own mode", async () => {
  const directory = freshPath();
  assert.deepEqual(await codesOf(await layeredImage([harmless]), directory), []);
  assert.equal(modeOf(directory), 0o755);
});

const powerful: Readonly<Record<string, GivenEntry>> = {
  "a setuid file": { name: "su", content: "x", mode: 0o4755 },
  "a setgid file": { name: "wall", content: "x", mode: 0o2755 },
  "a character device": { name: "null", type: "character-device", devmajor: 1, devminor: 3, mode: 0o666 },
  "a block device": { name: "disk", type: "block-device", devmajor: 7, devminor: 99, mode: 0o660 },
};

test("what gives others root's power lies under a directory of root's alone", { skip: needsRoot }, async () => {
  for (const [what, entry] of Object.entries(powerful)) {
    const directory = freshPath();
    assert.deepEqual(await codesOf(await layeredImage([harmless, [entry]]), directory), ["TREE_CLOSED"], what);
    assert.deepEqual([modeOf(directory), statSync(directory).uid], [0o700, 0], what);
    assert.equal(modeOf(directory, entry.name), entry.mode, what);
    const open = freshPath();
    assert.deepEqual(await codesOf(await layeredImage([harmless, [entry]]), open, { plainMode: 0o755 }), [], what);
    assert.equal(modeOf(open), 0o755, what);
  }
});

test("a directory that was there has its mode again when unpacking fails", async () => {
  const broken = await layeredImage([harmless, [{ name: "l", type: "link", linkname: "nowhere" }]]);
  const directory = freshPath();
  makeOpen(directory, 0o751);
  await assert.rejects(unpack(broken, directory), expectedError("CORRUPT"));
  assert.equal(modeOf(directory), 0o751);
});

test("of a bundle it is the directory around the tree: its root has the mode that containers need", async () => {
  const source = await sealedImage([{ name: "etc", type: "directory", mode: 0o755 }, ...harmless]);
  const keys = [alice.decryption];
  for (const before of [undefined, 0o755]) {
    const directory = freshPath();
    if (before !== undefined) makeOpen(directory, before);
    await writeBundle(source, directory, { keys });
    assert.deepEqual([modeOf(directory), modeOf(directory, "rootfs")], [0o700, 0o755]);
  }
  const shared = freshPath();
  makeOpen(shared, 0o755);
  writeFileSync(join(shared, "there"), "");
  await assert.rejects(writeBundle(source, shared, { keys }), expectedError("CONFLICT", /other users/, /--plain-mode/));
  assert.equal(existsSync(join(shared, "rootfs")), false);
  await writeBundle(source, shared, { keys, plainMode: 0o755 });
  assert.deepEqual([modeOf(shared), modeOf(shared, "rootfs")], [0o755, 0o755]);
});
