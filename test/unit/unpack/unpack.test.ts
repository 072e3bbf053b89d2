import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import type { ProgressEvent } from "../../../src/progress.js";
import type { ImageSource } from "../../../src/transport/transport.js";
import { listFiles, readFile } from "../../../src/unpack/look-inside.js";
import { type UnpackOptions, unpack } from "../../../src/unpack/unpack.js";
import { changedHeader, packTar, paxHeader, paxRecord, tarEnd, tarEntry } from "../../support/bytes/tar-file.js";
import { expectedError } from "../../support/expected-error.js";
import { type GivenLayer, layeredImage } from "../../support/images/layered-image.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const isRoot = process.geteuid?.() === 0;
const needsRoot = isRoot ? false : "only root can do this";
let count = 0;

function freshPath(): string {
  count += 1;
  return join(scratch, `tree-${count}`);
}

/** Unpacks layers into a new directory, and gives that. */
async function unpacked(layers: readonly GivenLayer[], options: UnpackOptions = {}): Promise<string> {
  const directory = freshPath();
  await unpack(await layeredImage(layers), directory, options);
  return directory;
}

/** Unpacking fails, leaves nothing, and has touched nothing beside. */
async function refused(layers: readonly GivenLayer[], ...error: Parameters<typeof expectedError>): Promise<void> {
  const victim = freshPath();
  mkdirSync(victim);
  writeFileSync(join(victim, "file"), "untouched");
  const directory = freshPath();
  await assert.rejects(unpack(await layeredImage(layers), directory), expectedError(...error));
  assert.equal(existsSync(directory), false);
  assert.equal(readFileSync(join(victim, "file"), "utf8"), "untouched");
}

function text(directory: string, path: string): string {
  return readFileSync(join(directory, path), "utf8");
}

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

test("faults/55: names that are absolute or lead upwards stay inside", async () => {
  const tree = await unpacked([
    [
      { name: "/etc/absolute", content: "a" },
      { name: "../../up", content: "b" },
      { name: "a/../../c/./d", content: "c" },
    ],
  ]);
  assert.deepEqual([text(tree, "etc/absolute"), text(tree, "up"), text(tree, "c/d")], ["a", "b", "c"]);
});

test("faults/55: a file through a link to outside lands inside, in one layer and in two", async () => {
  const outside = freshPath();
  mkdirSync(outside);
  for (const split of [false, true]) {
    const link = { name: "evil", type: "symlink" as const, linkname: outside };
    const file = { name: "evil/file", content: "x" };
    const tree = await unpacked(split ? [[link], [file]] : [[link, file]]);
    assert.equal(text(tree, join(outside, "file")), "x");
    assert.deepEqual(readdirSync(outside), []);
  }
});

test("faults/55: links that lead upwards, through each other or in circles do not lead out", async () => {
  const tree = await unpacked([
    [
      { name: "one", type: "symlink", linkname: "../../../.." },
      { name: "two", type: "symlink", linkname: "one/.." },
      { name: "two/file", content: "here" },
    ],
  ]);
  assert.equal(text(tree, "file"), "here");
  await refused(
    [
      [
        { name: "a", type: "symlink", linkname: "b" },
        { name: "b", type: "symlink", linkname: "a" },
        { name: "a/f", content: "" },
      ],
    ],
    "CORRUPT",
    /more than 255 links/,
  );
});

test("faults/55: a link at the end is replaced, never written through", async () => {
  const outside = freshPath();
  writeFileSync(outside, "untouched");
  const tree = await unpacked([[{ name: "f", type: "symlink", linkname: outside }], [{ name: "f", content: "new" }]]);
  assert.equal(readFileSync(outside, "utf8"), "untouched");
  assert.equal(text(tree, "f"), "new");
});

test("faults/55: a file over a hard link leaves the other name as it was", async () => {
  const tree = await unpacked([
    [
      { name: "one", content: "old" },
      { name: "two", type: "link", linkname: "one" },
    ],
    [{ name: "two", content: "new" }],
  ]);
  assert.deepEqual([text(tree, "one"), text(tree, "two")], ["old", "new"]);
});

test("faults/55: hard links to outside, to nothing, to directories, to themselves are refused", async () => {
  const outside = freshPath();
  writeFileSync(outside, "secret");
  const link = (linkname: string) => ({ name: "l", type: "link" as const, linkname });
  await refused([[link("../../../../../../etc/hostname")]], "CORRUPT", /links to a file that does not exist/);
  await refused([[link(outside)]], "CORRUPT", /links to a file that does not exist/);
  await refused([[{ name: "s", type: "symlink", linkname: "/" }, link(`s${outside}`)]], "CORRUPT", /does not exist/);
  await refused([[{ name: "d", type: "directory" }, link("d")]], "CORRUPT", /links to a directory/);
  await refused([[{ name: "l", content: "" }, link("l")]], "CORRUPT", /links to itself/);
  await refused(
    [
      [
        { name: "d/f", content: "" },
        { name: "d", type: "link", linkname: "d/f" },
      ],
    ],
    "CORRUPT",
    /replaces the file/,
  );
});

test("a hard link to a file of a lower layer is one file with two names", async () => {
  const tree = await unpacked([[{ name: "a", content: "x" }], [{ name: "b", type: "link", linkname: "/a" }]]);
  assert.equal(statSync(join(tree, "a")).ino, statSync(join(tree, "b")).ino);
});

test("faults/55: whiteouts that hide nothing, the directory itself or what is above it are refused", async () => {
  for (const name of ["a/.wh.", "a/.wh..", "a/.wh...", ".wh.x/y"]) {
    await refused([[{ name, content: "" }]], "CORRUPT", /names nothing that can be hidden/);
  }
});

test("faults/55: a whiteout through a link takes away nothing outside", async () => {
  const victim = freshPath();
  mkdirSync(victim);
  writeFileSync(join(victim, "file"), "untouched");
  await unpacked([
    [{ name: "evil", type: "symlink", linkname: victim }],
    [
      { name: "evil/.wh.file", content: "" },
      { name: "evil/.wh..wh..opq", content: "" },
    ],
  ]);
  assert.equal(readFileSync(join(victim, "file"), "utf8"), "untouched");
});

test("faults/55: whiteouts are for lower layers only, wherever in the archive they stand", async () => {
  const lower = [
    { name: "d/lower", content: "" },
    { name: "d/sub/lower", content: "" },
    { name: "gone", content: "" },
    { name: "again", content: "old" },
  ];
  const opaque = { name: "d/.wh..wh..opq", content: "" };
  const upper = [
    { name: "d/upper", content: "" },
    { name: "d/sub/upper", content: "" },
    { name: "again", content: "new" },
  ];
  const whiteouts = [opaque, { name: ".wh.gone", content: "" }, { name: ".wh.again", content: "" }];
  for (const layer of [
    [...whiteouts, ...upper],
    [...upper, ...whiteouts],
  ]) {
    const tree = await unpacked([lower, layer]);
    assert.deepEqual(readdirSync(tree).sort(), ["again", "d"]);
    assert.deepEqual(readdirSync(join(tree, "d")).sort(), ["sub", "upper"]);
    assert.deepEqual(readdirSync(join(tree, "d", "sub")), ["upper"]);
    assert.equal(text(tree, "again"), "new");
  }
});

test("aufs leftovers are passed over with a warning, and never appear", async () => {
  const warnings: ProgressEvent[] = [];
  const tree = await unpacked(
    [
      [
        { name: ".wh..wh.plnk/1.2", content: "" },
        { name: "f", content: "" },
      ],
    ],
    {
      progress: (event) => event.type === "warning" && warnings.push(event),
    },
  );
  assert.deepEqual(readdirSync(tree), ["f"]);
  assert.match(JSON.stringify(warnings), /ENTRY_IGNORED/);
});

test("the same name twice: the last one counts, with a warning", async () => {
  const warnings: string[] = [];
  const tree = await unpacked(
    [
      [
        { name: "f", content: "1" },
        { name: "./f", content: "2" },
      ],
    ],
    {
      progress: (event) => event.type === "warning" && warnings.push(event.code),
    },
  );
  assert.equal(text(tree, "f"), "2");
  // Who is not root is told, too, that owners are not kept.
  assert.deepEqual(
    warnings.filter((code) => code !== "OWNER_NOT_KEPT"),
    ["ENTRY_REPEATED"],
  );
});

test("a directory gives way to a file and back, and over a directory changes its attributes alone", async () => {
  const tree = await unpacked([
    [
      { name: "x/y", content: "" },
      { name: "f", content: "" },
      { name: "d", type: "directory", mode: 0o700 },
      { name: "d/kept", content: "" },
    ],
    [
      { name: "x", content: "file" },
      { name: "d", type: "directory", mode: 0o750 },
    ],
    [
      { name: "f", type: "directory" },
      { name: "f/z", content: "" },
    ],
  ]);
  assert.equal(text(tree, "x"), "file");
  assert.deepEqual(readdirSync(join(tree, "f")), ["z"]);
  assert.equal(statSync(join(tree, "d")).mode & 0o7777, 0o750);
  assert.deepEqual(readdirSync(join(tree, "d")), ["kept"]);
});

test("faults/55: a part of a name that is a file is refused", async () => {
  await refused(
    [
      [
        { name: "f", content: "" },
        { name: "f/g", content: "" },
      ],
    ],
    "CORRUPT",
    /part that is not a directory/,
  );
});

test("faults/55: device nodes, FIFOs and setuid bits are made by root as they are", { skip: needsRoot }, async () => {
  const tree = await unpacked([
    [
      { name: "null", type: "character-device", devmajor: 1, devminor: 3, mode: 0o666 },
      { name: "disk", type: "block-device", devmajor: 8, devminor: 1, mode: 0o660, uid: 1, gid: 6 },
      { name: "pipe", type: "fifo", mode: 0o640 },
      { name: "su", content: "x", mode: 0o4755, uid: 1000, gid: 2000 },
    ],
  ]);
  const stat = (name: string) => lstatSync(join(tree, name));
  assert.ok(stat("null").isCharacterDevice() && stat("disk").isBlockDevice() && stat("pipe").isFIFO());
  assert.equal(stat("null").rdev, 0x103);
  assert.deepEqual([stat("disk").uid, stat("disk").gid, stat("disk").mode & 0o7777], [1, 6, 0o660]);
  assert.deepEqual([stat("su").uid, stat("su").gid, stat("su").mode & 0o7777], [1000, 2000, 0o4755]);
});

test("faults/55: a name of 4097 bytes, a part of 256, a zero byte and very deep paths end it, and nothing is left", async () => {
  const pax = async (path: string) => {
    const record = `path=${path}\n`;
    const length = record.length + 1 + String(record.length + 6).length;
    return Buffer.concat([await paxHeader(`${length} ${record}`), await tarEntry({ name: "x", content: "" }), tarEnd]);
  };
  await refused([await pax("p/".repeat(2049))], "CORRUPT", /longer than 4096 bytes/);
  await refused([await pax("n".repeat(256))], "CORRUPT", /more than 255 bytes/);
  await refused([await pax("a\0b")], "CORRUPT", /zero byte/);
  await refused([await pax(`${"d/".repeat(2040)}f`)], "LOCAL_IO", /name is too long/);
});

test("a path of 2000 bytes and names that are not UTF-8 are kept unchanged", async () => {
  const deep = `${"directory-of-some-length/".repeat(80)}file`;
  const odd = changedHeader(await tarEntry({ name: "n?me", content: "odd" }), 1, Uint8Array.of(0xff));
  const tree = await unpacked([[{ name: deep, content: "deep" }], Buffer.concat([odd, tarEnd])]);
  assert.equal(text(tree, deep), "deep");
  assert.equal(
    readFileSync(Buffer.concat([Buffer.from(`${tree}/n`), Uint8Array.of(0xff), Buffer.from("me")])).toString(),
    "odd",
  );
});

test("faults/55: a layer that unpacks to more than a thousand times its size is refused, plain tar or gzip", async () => {
  const image = await layeredImage([[{ name: "zeros", content: new Uint8Array(64 * 1024 * 1024) }]], { gzip: true });
  const directory = freshPath();
  await assert.rejects(unpack(image, directory), expectedError("UNSUPPORTED", /more than 1000 times/, /--limit-ratio/));
  assert.equal(existsSync(directory), false);
  await unpack(image, directory, { limits: { ratio: 2000 } });
  assert.equal(statSync(join(directory, "zeros")).size, 64 * 1024 * 1024);
});

test("faults/55: limits on entries and bytes end it, and count the holes of sparse files", async () => {
  const many = Array.from({ length: 11 }, (_, index) => ({ name: `f${index}`, content: "" }));
  await assert.rejects(
    unpacked([many], { limits: { entries: 10 } }),
    expectedError("UNSUPPORTED", /more than 10 files/),
  );
  await assert.rejects(
    unpacked([[{ name: "f", content: "x".repeat(5000) }]], { limits: { bytes: 4096 } }),
    expectedError("UNSUPPORTED", /more than 4096 bytes/),
  );
  const hole = await sparse01("hole", { size: 2 ** 45, map: "0,4", content: "data" });
  await refused([hole], "UNSUPPORTED", /unpacks to more than/);
});

async function sparse01(name: string, file: { size: number; map: string; content: string }): Promise<Buffer> {
  const records = [
    ["GNU.sparse.major", "0"],
    ["GNU.sparse.minor", "1"],
    ["GNU.sparse.name", name],
    ["GNU.sparse.size", String(file.size)],
    ["GNU.sparse.map", file.map],
  ].map(([key = "", value = ""]) => paxRecord(key, value));
  return Buffer.concat([
    await paxHeader(records.join("")),
    await tarEntry({ name: `GNUSparseFile.0/${name}`, content: file.content }),
    tarEnd,
  ]);
}

test("faults/54: sparse files of the pax formats are expanded; maps that lie and the old format are refused", async () => {
  const tree = await unpacked([
    await sparse01("s", { size: 1_000_000, map: "10,4,500000,3,1000000,0", content: "DATAend" }),
  ]);
  const bytes = readFileSync(join(tree, "s"));
  assert.equal(bytes.length, 1_000_000);
  assert.deepEqual(
    [bytes.subarray(10, 14).toString(), bytes.subarray(500_000, 500_003).toString(), bytes[9]],
    ["DATA", "end", 0],
  );
  await refused([await sparse01("s", { size: 100, map: "10,4,12,3", content: "DATAend" })], "CORRUPT", /overlap/);
  await refused([await sparse01("s", { size: 100, map: "10,40", content: "DATAend" })], "CORRUPT", /does not fit/);
  await refused([await sparse01("s", { size: 5, map: "0,7", content: "DATAend" })], "CORRUPT", /does not fit/);
  const old = changedHeader(await tarEntry({ name: "s", content: "" }), 156, "S");
  await refused([Buffer.concat([old, tarEnd])], "UNSUPPORTED", /old format/);
});

test("faults/54: an archive that is cut short anywhere is CORRUPT", async () => {
  const whole = await packTar([{ name: "a", content: "x".repeat(600) }]);
  for (const length of [100, 512, 700, 1000]) await refused([whole.subarray(0, length)], "CORRUPT", /ends/);
});

test("faults/54: an archive may end without blocks of zeros, be empty, or have something after its end", async () => {
  const whole = await packTar([{ name: "a", content: "x" }]);
  for (const archive of [
    whole.subarray(0, 1024),
    whole.subarray(0, 513),
    Buffer.alloc(0),
    Buffer.concat([whole, Buffer.alloc(9000, 1)]),
  ]) {
    const file = join(await unpacked([archive]), "a");
    assert.equal(existsSync(file) ? readFileSync(file, "utf8") : undefined, archive.length === 0 ? undefined : "x");
  }
});

test("faults/54: sizes that lie, checksums that do not hold, unknown types and too large headers are refused", async () => {
  const entry = await tarEntry({ name: "a", content: "x" });
  const broken = Buffer.from(entry);
  broken[0] = 0x62;
  await refused([Buffer.concat([broken, tarEnd])], "CORRUPT", /checksum/);
  await refused(
    [Buffer.concat([await paxHeader(paxRecord("size", "99999")), entry, tarEnd])],
    "CORRUPT",
    /ends within a file/,
  );
  await refused(
    [Buffer.concat([await paxHeader(paxRecord("size", "-1")), entry, tarEnd])],
    "CORRUPT",
    /the size of a member/,
  );
  await refused([Buffer.concat([changedHeader(entry, 156, "Z"), tarEnd])], "UNSUPPORTED", /unknown type/);
  const huge = changedHeader(await tarEntry({ name: "x", content: "x" }), 124, "00010000000\0");
  await refused([Buffer.concat([changedHeader(huge, 156, "x"), tarEnd])], "CORRUPT", /the limit is 1048576/);
  await refused([Buffer.concat([Buffer.alloc(512), entry, tarEnd])], "CORRUPT", /follows a block of zeros/);
});

test("faults/54: global headers hold for all that follows, until they are taken back", async () => {
  const archive = Buffer.concat([
    await paxHeader(paxRecord("mtime", "1000000000"), "g"),
    await tarEntry({ name: "a", content: "", mtime: new Date(5000) }),
    await paxHeader(paxRecord("mtime", ""), "g"),
    await tarEntry({ name: "b", content: "", mtime: new Date(5000) }),
    tarEnd,
  ]);
  const tree = await unpacked([archive]);
  assert.equal(statSync(join(tree, "a")).mtimeMs, 1_000_000_000_000);
  assert.equal(statSync(join(tree, "b")).mtimeMs, 5000);
});

test("faults/54: a link may come before what it links to if it is symbolic", async () => {
  const tree = await unpacked([
    [
      { name: "l", type: "symlink", linkname: "later" },
      { name: "later", content: "x" },
    ],
  ]);
  assert.equal(text(tree, "l"), "x");
  await refused(
    [
      [
        { name: "l", type: "link", linkname: "later" },
        { name: "later", content: "x" },
      ],
    ],
    "CORRUPT",
    /does not exist/,
  );
});

test("faults/54: a million entries are counted and no more", {
  skip: !process.env["CI"] && "slow: runs in CI",
}, async () => {
  const entry = await tarEntry({ name: "same", content: "" });
  const archive = Buffer.alloc(1_000_001 * 512);
  for (let at = 0; at < archive.length; at += 512) entry.copy(archive, at);
  const directory = freshPath();
  const image = await layeredImage([archive]);
  await assert.rejects(listFiles(image, "/"), expectedError("UNSUPPORTED", /more than 1000000 files/));
  assert.equal(existsSync(directory), false);
});

test("faults/54: a layer is given up in its midst when the caller says so", async () => {
  const image = await layeredImage([[{ name: "a", content: "x" }]]);
  const stopping = new AbortController();
  const stopped: ImageSource = {
    ...image,
    async *blob(descriptor) {
      for await (const chunk of image.blob(descriptor)) {
        yield chunk;
        if (!descriptor.mediaType.includes("config")) stopping.abort();
      }
    },
  };
  const directory = freshPath();
  await assert.rejects(unpack(stopped, directory, { signal: stopping.signal }), expectedError("ABORTED"));
  assert.equal(existsSync(directory), false);
});

test("faults/55: an attribute of 65 KiB, one for overlay file systems and one without a namespace are refused", async () => {
  const record = (key: string, value: string) => {
    const rest = ` SCHILY.xattr.${key}=${value}\n`;
    const length = rest.length + String(rest.length + 6).length;
    return `${length}${rest}`;
  };
  const withAttribute = async (key: string, value: string) =>
    Buffer.concat([await paxHeader(record(key, value)), await tarEntry({ name: "f", content: "" }), tarEnd]);
  await refused([await withAttribute("user.big", "x".repeat(66_000))], "CORRUPT", /66000 bytes/);
  await refused([await withAttribute("trusted.overlay.opaque", "y")], "UNSUPPORTED", /not for images/);
  await refused([await withAttribute("plain", "yyyyyyyyyyyyyyyyyyyyyyyyyyyy")], "CORRUPT", /name is not valid/);
});

test("a layer with another diff id ends it, and nothing is left", async () => {
  const archive = await packTar([{ name: "a", content: "x" }]);
  const image = await layeredImage([archive], { diffIds: [digestOf(Buffer.from("another"))] });
  const directory = freshPath();
  await assert.rejects(unpack(image, directory), expectedError("CORRUPT", /config says/));
  assert.equal(existsSync(directory), false);
});

test("an empty directory stays the one it is, and becomes what the image says; nothing lies beside the tree", async () => {
  const directory = freshPath();
  mkdirSync(directory);
  const { ino } = statSync(directory);
  const layer = [
    { name: "./", type: "directory", mode: 0o750 },
    { name: "closed/", type: "directory", mode: 0o555 },
    { name: "closed/file", content: "content" },
  ] as const;
  await unpack(await layeredImage([layer]), directory, {});
  assert.deepEqual(readdirSync(directory), ["closed"]);
  assert.equal(text(directory, "closed/file"), "content");
  const stats = statSync(directory);
  assert.deepEqual(
    [stats.ino, stats.mode & 0o777, statSync(join(directory, "closed")).mode & 0o777],
    [ino, 0o750, 0o555],
  );
  assert.deepEqual(
    readdirSync(scratch).filter((name) => name.startsWith(".oci-enc-")),
    [],
  );
});

test("a directory that is not empty is a CONFLICT; with force it is filled", async () => {
  const directory = freshPath();
  mkdirSync(directory);
  writeFileSync(join(directory, "mine"), "");
  const image = await layeredImage([[{ name: "a", content: "x" }]]);
  await assert.rejects(unpack(image, directory), expectedError("CONFLICT", /is not empty/));
  assert.deepEqual(readdirSync(directory), ["mine"]);
  await unpack(image, directory, { force: true });
  assert.deepEqual(readdirSync(directory).sort(), ["a", "mine"]);
});

test("ls and cat see what unpack would write, links, whiteouts and hard links included", async () => {
  const image = await layeredImage([
    [
      { name: "etc/release", content: "one" },
      { name: "gone", content: "" },
      { name: "l", type: "symlink", linkname: "/etc" },
    ],
    [
      { name: ".wh.gone", content: "" },
      { name: "etc/name", type: "link", linkname: "etc/release" },
    ],
  ]);
  const names = async (path: string) => (await listFiles(image, path)).map(({ name }) => name);
  assert.deepEqual(await names("/"), ["etc", "l"]);
  assert.deepEqual(await names("/l"), ["l"]);
  assert.deepEqual(await names("/l/"), ["name", "release"]);
  assert.equal(await collect(readFile(image, "/l/name")), "one");
  await assert.rejects(names("/gone"), expectedError("NOT_FOUND"));
  await assert.rejects(collect(readFile(image, "/etc")), expectedError("UNSUPPORTED", /is a directory, not/));
  assert.equal(readlinkSync(join(await unpacked([[{ name: "l", type: "symlink", linkname: "/etc" }]]), "l")), "/etc");
});
