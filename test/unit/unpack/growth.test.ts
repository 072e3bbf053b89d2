import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openBudget } from "../../../src/bytes/budget.js";
import { uncompressedDigest } from "../../../src/bytes/uncompressed-digest.js";
import { readTar } from "../../../src/tar/tar-reader.js";
import { applyLayer } from "../../../src/unpack/apply-layer.js";
import { listFiles, readFile } from "../../../src/unpack/look-inside.js";
import { memoryTree } from "../../../src/unpack/memory-tree.js";
import { xattrWriter } from "../../../src/unpack/xattr-writer.js";
import { packTar, paxHeader, paxRecord, tarEnd, tarEntry } from "../../support/bytes/tar-file.js";
import { zerosGzip } from "../../support/bytes/zeros.js";
import { expectedError } from "../../support/expected-error.js";
import { layeredImage } from "../../support/images/layered-image.js";
import { scratchOf } from "../../support/scratch.js";

const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: undefined, xattrs: new Map([["user.a", Buffer.alloc(9)]]) };

async function* stream(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

test("a tree that is only looked at keeps no extended attributes", async () => {
  const tree = memoryTree(() => ({ layer: 0, index: 0 }));
  tree.changeDirectory("", attributes);
  tree.makeDirectory("d", attributes);
  const nothing = { size: 0, holes: 0, linkTarget: "", device: { major: 0, minor: 0 }, content: () => stream() };
  await tree.make("d/f", { path: "d/f", kind: "file", attributes, ...nothing, content: async function* () {} });
  for (const place of ["", "d", "d/f"]) assert.equal(tree.nodeAt(place)?.attributes.xattrs.size, 0, place);
});

test("what one global header gives to every member counts for each of them", async () => {
  const value = "v".repeat(900_000);
  const header = await paxHeader(`${value.length + 16} comment=${value}\n`, "g");
  const member = await tarEntry({ name: "file" });
  const archive = Buffer.concat([header, ...Array(100).fill(member), tarEnd]);
  const budget = openBudget("image", { bytes: 10_000_000 });
  const read = async () => {
    for await (const _ of readTar(stream(archive), "the layer", budget));
  };
  await assert.rejects(read(), expectedError("UNSUPPORTED", /10000000 bytes/, /--limit-bytes/));
});

test("records count by their number, too, as the shortest cost more than their bytes", async () => {
  const own = "6 a=b\n".repeat(100_000);
  const global = Array.from({ length: 10_000 }, (_, index) => paxRecord(`${index + 10_000}`, "v")).join("");
  const member = await tarEntry({ name: "file" });
  for (const [records, type] of [
    [own, "x"],
    [global, "g"],
  ] as const) {
    const archive = Buffer.concat([await paxHeader(records, type), ...Array(10).fill(member), tarEnd]);
    const read = async () => {
      for await (const _ of readTar(stream(archive), "the layer", openBudget("image", { bytes: 6_000_000 })));
    };
    await assert.rejects(read(), expectedError("UNSUPPORTED", /6000000 bytes/, /--limit-bytes/));
  }
});

test("what global headers say holds for all members that follow, until it is changed or taken away", async () => {
  const member = await tarEntry({ name: "file" });
  const global = (...records: readonly string[]) => paxHeader(records.join(""), "g");
  const parts = [
    await global(paxRecord("SCHILY.xattr.user.a", "1"), "8 uid=7\n", paxRecord("path", "named")),
    member,
    await paxHeader(`${paxRecord("SCHILY.xattr.user.b", "2")}8 uid=8\n${paxRecord("path", "own")}`),
    member,
    await global(paxRecord("SCHILY.xattr.user.a", "3"), "7 uid=\n", "8 path=\n"),
    member,
  ];
  const seen: string[] = [];
  for await (const { path, attributes } of readTar(stream(...parts, tarEnd), "the layer")) {
    const xattrs = [...attributes.xattrs].map(([name, value]) => `${name}=${Buffer.from(value).toString()}`);
    seen.push([path, attributes.uid, ...xattrs].join(" "));
  }
  assert.deepEqual(seen, ["named 7 user.a=1", "own 8 user.a=1 user.b=2", "file 0 user.a=3"]);
});

test("directories without a member, and names that stay in memory, are counted", async () => {
  const deep = await layeredImage([[{ name: "d/".repeat(200), type: "directory" }]]);
  await assert.rejects(listFiles(deep, "/", { limits: { entries: 100 } }), expectedError("UNSUPPORTED", /100 files/));
  const long = await layeredImage([
    ["one", "two", "three"].map((name) => ({ name, type: "symlink" as const, linkname: "t".repeat(1000) })),
  ]);
  const few = { limits: { entries: 10 } };
  await assert.rejects(listFiles(long, "/", few), expectedError("UNSUPPORTED", /2560 bytes/, /--limit-entries/));
  assert.equal((await listFiles(long, "/")).length, 3);
});

test("a link on the way makes a long place of a short name, and the place is what counts", async () => {
  const deep = Array(10).fill("d".repeat(100)).join("/");
  const top = [
    { name: deep, type: "directory" as const },
    { name: "a", type: "symlink" as const, linkname: deep },
  ];
  const files = Array.from({ length: 20 }, (_, index) => ({ name: `a/${index}` }));
  const image = await layeredImage([[...top, ...files]]);
  const few = { limits: { entries: 50 } };
  await assert.rejects(listFiles(image, "/", few), expectedError("UNSUPPORTED", /12800 bytes/, /--limit-entries/));
  assert.equal((await listFiles(image, `/${deep}`)).length, 20);
});

test("a layer that empties the same directories again and again has them gone through once", async () => {
  let listed = 0;
  const tree = memoryTree(() => ({ layer: 0, index: 0 }));
  const counting = {
    ...tree,
    list(place: string) {
      listed += 1;
      return tree.list(place);
    },
  };
  const budget = openBudget("image");
  const apply = async (...names: readonly string[]) =>
    await applyLayer(readTar(stream(await packTar(names.map((name) => ({ name })))), "a layer"), counting, { budget });
  await apply("d/lower", "d/e/lower");
  const whiteouts = Array(50).fill(["d/.wh..wh..opq", ".wh.d", "d/e/.wh..wh..opq"]).flat();
  await apply("d/mine", "d/e/mine", ...whiteouts);
  assert.ok(listed < 10, `listed ${listed} times`);
  assert.deepEqual([...tree.list("d")].sort(), ["e", "mine"]);
  assert.deepEqual(tree.list("d/e"), ["mine"]);
  await apply(".wh.d");
  assert.equal(tree.nodeAt("d"), undefined);
});

test("a hole of a terabyte and more is not written out by cat", async () => {
  const records = ["GNU.sparse.map=0,0", `GNU.sparse.realsize=${2 ** 41}`, "GNU.sparse.name=hole"];
  const header = await paxHeader(records.map((record) => `${record.length + 4} ${record}\n`).join(""));
  const image = await layeredImage([Buffer.concat([header, await tarEntry({ name: "hole" }), tarEnd])]);
  let count = 0;
  const read = async () => {
    for await (const chunk of readFile(image, "/hole")) count += chunk.length;
  };
  await assert.rejects(read(), expectedError("UNSUPPORTED", /unpacks to more/, /--limit-bytes/));
  assert.equal(count, 0);
});

test("the holes of a file count for cat as they do for unpack, before anything comes out", async () => {
  const records = ["GNU.sparse.map=0,0", `GNU.sparse.realsize=${2 ** 33}`, "GNU.sparse.name=hole"];
  const header = await paxHeader(records.map((record) => `${record.length + 4} ${record}\n`).join(""));
  const image = await layeredImage([Buffer.concat([header, await tarEntry({ name: "hole" }), tarEnd])]);
  const stream = readFile(image, "/hole");
  await assert.rejects(stream.next(), expectedError("UNSUPPORTED", /a layer of \d+ bytes unpacks/, /--limit-ratio/));
});

test("decompressing a layer to compare it has a limit, too", async () => {
  const bomb = zerosGzip(8);
  const limits = { bytes: 2 ** 20 };
  await assert.rejects(
    uncompressedDigest(stream(bomb), { algorithm: "sha256", size: bomb.length, limits }),
    expectedError("UNSUPPORTED", /1048576 bytes/, /--limit-bytes/),
  );
  assert.ok(await uncompressedDigest(stream(bomb), { algorithm: "sha256", size: bomb.length }));
});

test("a layer in xz or bzip2 is refused by name, and not as damaged", async () => {
  for (const magic of ["fd377a585a000004e6d6b446", "425a6839314159265359"]) {
    const image = await layeredImage([Buffer.concat([Buffer.from(magic, "hex"), Buffer.alloc(1000)])]);
    await assert.rejects(
      listFiles(image, "/"),
      expectedError("UNSUPPORTED", /layer.* is an? (?:xz|bzip2) file/, /gzip/),
    );
  }
});

test("setfattr is run for each eight megabytes of attributes, and not at the end alone", async (t) => {
  const root = scratchOf(t);
  const nothing = join(root, "nothing");
  await mkdir(nothing);
  const before = process.env["PATH"];
  t.after(() => {
    process.env["PATH"] = before;
  });
  process.env["PATH"] = nothing;
  const writer = xattrWriter(root, { keep: true, privileged: false });
  const xattrs = new Map(Array.from({ length: 16 }, (_, index) => [`user.a${index}`, new Uint8Array(64 * 1024)]));
  const add = async () => {
    for (let index = 0; index < 20; index += 1) {
      await writeFile(join(root, `f${index}`), "");
      await writer.add(`f${index}`, xattrs);
    }
  };
  await assert.rejects(add(), expectedError("UNSUPPORTED", /no program setfattr/));
});

test("a small archive is not a bomb, however well it is compressed", async () => {
  const archive = await packTar([{ name: "zeros", content: Buffer.alloc(2 ** 20) }]);
  const image = await layeredImage([archive], { gzip: true });
  assert.equal((await listFiles(image, "/zeros"))[0]?.size, 2 ** 20);
});
