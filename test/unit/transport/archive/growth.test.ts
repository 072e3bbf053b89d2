import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { ErrorCode } from "../../../../src/doors/index.js";
import { openSource } from "../../../../src/doors/transport.js";
import type { EndpointOptions } from "../../../../src/transport/transport.js";
import { changedHeader, packTar, paxHeader, paxRecord, tarEnd, tarEntry } from "../../../support/bytes/tar-file.js";
import { zerosGzip } from "../../../support/bytes/zeros.js";
import { expectedError } from "../../../support/expected-error.js";
import { writeImage } from "../../../support/images/layout-image.js";
import { systemPeer } from "../../../support/process/peer.js";
import { scratchOf } from "../../../support/scratch.js";

/** A file, as each transport of archives would read it. */
async function archiveOf(t: TestContext, bytes: Uint8Array, name = "app.tar.gz"): Promise<string> {
  const path = join(scratchOf(t), name);
  await writeFile(path, bytes);
  return path;
}

/** The header of a file of `size` bytes that are somewhere else. */
async function headerOf(name: string, size: number): Promise<Buffer> {
  const header = await tarEntry({ name });
  return changedHeader(header.subarray(0, 512), 124, `${size.toString(8).padStart(11, "0")}\0`);
}

async function open(reference: string, options: EndpointOptions = {}): Promise<string> {
  await using source = await openSource(reference, options);
  return (await source.resolve()).digest;
}

/** In MiB. */
const gigabyte = 1024;

for (const scheme of ["oci-archive", "docker-archive"]) {
  test(`${scheme}: a megabyte that becomes a gigabyte is refused for that, with the option that raises the limit`, async (t) => {
    const head = gzipSync(await headerOf("blobs/sha256/0", gigabyte * 2 ** 20));
    const bomb = await archiveOf(t, Buffer.concat([head, zerosGzip(gigabyte)]));
    await assert.rejects(open(`${scheme}:${bomb}`), expectedError("UNSUPPORTED", /than 402653184/, /--limit-ratio/));
    const limits = { ratio: 5000, bytes: 2 ** 26 };
    await assert.rejects(
      open(`${scheme}:${bomb}`, { limits }),
      expectedError("UNSUPPORTED", /67108864/, /--limit-bytes/),
    );
  });
}

test("a bomb behind honest bytes is seen as well, and what is large and empty is read", async (t) => {
  const noise = Buffer.alloc(2 ** 20);
  for (let at = 0; at < noise.length; at += 32) noise.set(createHash("sha256").update(`${at}`).digest(), at);
  const head = [await headerOf("a", noise.length), noise, await headerOf("b", gigabyte * 2 ** 20)];
  const bomb = await archiveOf(t, Buffer.concat([gzipSync(Buffer.concat(head)), zerosGzip(gigabyte)]));
  await assert.rejects(open(`oci-archive:${bomb}`), expectedError("UNSUPPORTED", /than 402653184/));
  const mebibytes = 100;
  const empty = [gzipSync(await headerOf("a", mebibytes * 2 ** 20)), zerosGzip(mebibytes), gzipSync(tarEnd)];
  const honest = await archiveOf(t, Buffer.concat(empty), "honest.tar.gz");
  await assert.rejects(open(`oci-archive:${honest}`), expectedError("CORRUPT", /no index\.json/));
});

test("members are counted while they come, and so are the bytes of their extended headers", async (t) => {
  const one = await tarEntry({ name: "file" });
  const many = await archiveOf(t, gzipSync(Buffer.concat([...Array(70_000).fill(one), tarEnd])));
  await assert.rejects(open(`oci-archive:${many}`), expectedError("UNSUPPORTED", /65536 files/, /--limit-entries/));
  await assert.rejects(
    open(`oci-archive:${many}`, { limits: { entries: 80_000 } }),
    expectedError("CORRUPT", /no index\.json/),
  );
  const value = "v".repeat(900_000);
  const header = await paxHeader(`${value.length + 16} comment=${value}\n`);
  const wide = await archiveOf(t, gzipSync(Buffer.concat([...Array(40).fill(Buffer.concat([header, one])), tarEnd])));
  await assert.rejects(open(`oci-archive:${wide}`), expectedError("UNSUPPORTED", /33554432 bytes/, /--limit-entries/));
});

test("an archive that is refused as a file is refused when it comes as a stream, too", async (t) => {
  const entry = await tarEntry({ name: "index.json", content: "{}" });
  const hostile: readonly (readonly [ErrorCode, RegExp, Buffer])[] = [
    ["CORRUPT", /pax record/, Buffer.concat([await paxHeader("99 path=b\n"), entry])],
    ["CORRUPT", /global header/, Buffer.concat([await paxHeader(paxRecord("path", "b".repeat(10)), "g"), entry])],
    ["CORRUPT", /size/, changedHeader(entry, 124, "0000000002x\0")],
    ["UNSUPPORTED", /sparse/, changedHeader(entry, 156, "S")],
    ["UNSUPPORTED", /volume/, changedHeader(entry, 156, "M")],
    ["CORRUPT", /twice/, Buffer.concat([entry, entry])],
  ];
  for (const [code, message, bytes] of hostile) {
    const archive = Buffer.concat([bytes, tarEnd]);
    for (const [name, stored] of [["a.tar", archive] as const, ["a.tar.gz", gzipSync(archive)] as const]) {
      await assert.rejects(open(`oci-archive:${await archiveOf(t, stored, name)}`), expectedError(code, message));
    }
  }
});

test("what is not a tar archive inside is not written out, and is said to be what it is", async (t) => {
  const inside = gzipSync(gzipSync(Buffer.from("twice")));
  await assert.rejects(
    open(`oci-archive:${await archiveOf(t, inside)}`),
    expectedError("UNSUPPORTED", /holds a gzip file/),
  );
  const dump = await archiveOf(t, gzipSync(Buffer.from("INSERT INTO ".repeat(1000))));
  await assert.rejects(open(`oci-archive:${dump}`), expectedError("CORRUPT", /checksum/));
});

/** First bytes, and what they are called. */
const forms: readonly (readonly [string, Uint8Array | string])[] = [
  ["an empty file", ""],
  ["an HTML or XML page", "\n<!DOCTYPE html><html>"],
  ["an HTML or XML page", "<html><body>"],
  ["a JSON document", '{"errors":[]}'],
  ["an lz4 file", Buffer.from("04224d186440a7", "hex")],
  ["a file of compress", Buffer.from("1f9d90", "hex")],
  ["a zip file", Buffer.from("504b030414000000", "hex")],
  ["a 7z file", Buffer.from("377abcaf271c0004", "hex")],
  ["a pointer of Git LFS", "version https://git-lfs.github.com/spec/v1\n"],
];

for (const [name, bytes] of forms) {
  test(`${name} in place of an archive is refused by name: ${Buffer.from(bytes).toString("hex").slice(0, 12)}`, async (t) => {
    const path = await archiveOf(t, Buffer.from(bytes));
    for (const scheme of ["oci-archive", "docker-archive"]) {
      await assert.rejects(open(`${scheme}:${path}`), expectedError("UNSUPPORTED", new RegExp(`is ${name}`), /./));
    }
  });
}

for (const [program, args] of [
  ["xz", ["-zc"]],
  ["xz", ["-zc", "--format=lzma"]],
  ["bzip2", ["-zc"]],
] as const) {
  test(`an archive of ${program} ${args.join(" ")} is read through it, and refused where it is missing`, {
    skip: systemPeer(program).missing,
  }, async (t) => {
    const directory = scratchOf(t);
    const layout = join(directory, "layout");
    const { root } = await writeImage(`oci:${layout}:app`, [300_000]);
    execFileSync("tar", ["-C", layout, "-cf", `${layout}.tar`, "."]);
    const bytes = execFileSync(program, args, { input: await readFile(`${layout}.tar`), maxBuffer: 2 ** 26 });
    const path = await archiveOf(t, bytes, "app.tar.z");
    assert.equal(await open(`oci-archive:${path}:app`), root.digest);
    await writeFile(path, bytes.subarray(0, bytes.length / 2));
    await assert.rejects(open(`oci-archive:${path}`), expectedError("CORRUPT", /./));
    const before = process.env["PATH"];
    t.after(() => {
      process.env["PATH"] = before;
    });
    const nothing = join(directory, "nothing");
    await mkdir(nothing);
    process.env["PATH"] = nothing;
    await assert.rejects(open(`oci-archive:${path}`), expectedError("UNSUPPORTED", new RegExp(program), /install/));
  });
}

test("a decompressor that cannot run, is killed or fails in silence is not told as a damaged archive", async (t) => {
  const directory = scratchOf(t);
  const path = await archiveOf(t, Buffer.from("fd377a585a000004e6d6b446", "hex"), "app.tar.xz");
  const before = process.env["PATH"];
  t.after(() => {
    process.env["PATH"] = before;
  });
  process.env["PATH"] = directory;
  for (const [script, code, message] of [
    ["echo 'xz: cannot find liblzma.so.5' >&2; exit 127", "UNSUPPORTED", /xz cannot run: xz: cannot find liblzma/],
    ["kill -9 $$", "LOCAL_IO", /xz was killed by SIGKILL/],
    ["exit 1", "LOCAL_IO", /xz failed with status 1/],
    ["echo 'xz: (stdin): Compressed data is corrupt' >&2; exit 1", "CORRUPT", /app\.tar\.xz is damaged: xz: /],
  ] as const) {
    await writeFile(join(directory, "xz"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    await assert.rejects(open(`oci-archive:${path}`), expectedError(code, message, /./));
  }
});

test("a layer of docker save that is compressed with xz or lz4 is refused by name", async (t) => {
  const config = Buffer.from(JSON.stringify({ rootfs: { type: "layers", diff_ids: [`sha256:${"0".repeat(64)}`] } }));
  const list = JSON.stringify([{ Config: "config.json", RepoTags: ["app:1"], Layers: ["layer.tar"] }]);
  const layer = Buffer.from("fd377a585a000004e6d6b446", "hex");
  const path = await archiveOf(
    t,
    await packTar([
      { name: "manifest.json", content: list },
      { name: "config.json", content: config },
      { name: "layer.tar", content: layer },
    ]),
    "app.tar",
  );
  await assert.rejects(open(`docker-archive:${path}`), expectedError("UNSUPPORTED", /is an xz file/, /docker load/));
});
