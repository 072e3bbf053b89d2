import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { ociEnc, ociEncProgram } from "../../support/process/oci-enc.js";
import { Screen } from "../../support/process/screen.js";
import { randomImage } from "../../support/registry/hosted-image.js";
import { startServer } from "../../support/registry/scripted-server.js";
import { scratchDirectory } from "../../support/scratch.js";

/** The moving lines as a terminal shows them, which is made narrow while a layer is on its way. */
const scratch = scratchDirectory();
const missing = ["script", "stty"].find((program) => spawnSync(program, ["--version"]).error);
const skip = missing ? `there is no ${missing} on this machine` : false;

const { place, root, layers } = randomImage([3_000_000, 2_000_000]);
const [slow] = layers;
let release: () => void = () => undefined;
let released = new Promise<void>((resolve) => {
  release = resolve;
});
const registry = await startServer(async ({ url, response }) => {
  const [, kind, name] = /^\/v2\/app\/(manifests|blobs)\/(.+)$/.exec(url.pathname) ?? [];
  if (kind === undefined || name === undefined) return void response.writeHead(200).end();
  const digest = kind === "manifests" && name === "1" ? root.digest : name;
  if (!place.blobs.has(digest)) return void response.writeHead(404).end();
  const bytes = Buffer.from(place.blobs.get(digest) ?? "");
  const type = kind === "manifests" ? root.mediaType : "application/octet-stream";
  response.writeHead(200, { "content-type": type, "content-length": bytes.length, "docker-content-digest": digest });
  if (digest !== slow?.digest) return void response.end(bytes);
  response.write(bytes.subarray(0, 1_500_000));
  await released;
  response.end(bytes.subarray(1_500_000));
});
after(() => registry[Symbol.asyncDispose]());

/** How every picture begins but the first: back over the lines before it, and all of them empty. */
const erasing = /(?=\x1b\[\d+A\r\x1b\[C\x1b\[J\r\x1b\[K)/;

/** Runs a line at a terminal of 80 columns, which has 40 when the first layer is half there; what stands on it at the end. */
async function narrowed(line: string): Promise<Screen> {
  released = new Promise((resolve) => {
    release = resolve;
  });
  const command = `tty >terminal; stty cols 80 rows 24 -opost; exec "$NODE" "$PROGRAM" ${line}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd: scratch,
    env: { ...process.env, NODE: process.execPath, PROGRAM: ociEncProgram, TERM: "xterm", NO_COLOR: "1", LC_ALL: "C" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  const ended = once(child, "close");
  const shown = async (pattern: RegExp) => {
    while (!pattern.test(text)) await Promise.race([once(child.stdout, "data"), ended.then(() => assert.fail(text))]);
  };
  await shown(/^ +\d+% .{60,}$/m);
  const terminal = readFileSync(join(scratch, "terminal"), "utf8").trim();
  assert.equal(spawnSync("stty", ["-F", terminal, "cols", "40"]).status, 0);
  const before = text.length;
  while (!/^ +\d+% .{1,35}$/m.test(text.slice(before))) await once(child.stdout, "data");
  release();
  assert.deepEqual(await ended, [0, null], text);
  return replayed(text);
}

/** What a terminal makes of it, narrow from the first picture on that is. */
function replayed(text: string): Screen {
  const screen = new Screen();
  let narrow = false;
  for (const written of text.split(erasing)) {
    const bar = /^ +\d+% .*$/m.exec(written)?.[0];
    narrow ||= bar !== undefined && bar.length < 40;
    screen.columns = narrow ? 40 : 80;
    screen.write(written);
    const moving = screen.lines.filter((line) => /^ +(?:\d+%|layer|config) /.test(line));
    assert.ok(moving.filter((line) => /^ +\d+%/.test(line)).length <= 1, JSON.stringify(screen.lines));
    if (narrow)
      assert.ok(
        moving.every((line) => line.length < 40),
        JSON.stringify(moving),
      );
  }
  assert.doesNotMatch(text, /\x1b\[\?/, "the cursor is neither hidden nor saved");
  return screen;
}

test("the lines of encrypt fit a terminal that becomes narrow, are there once, and are gone at the end", {
  skip,
}, async () => {
  assert.equal((await ociEnc(["key", "generate", "--out", "key"], { cwd: scratch })).status, 0);
  const screen = await narrowed(`encrypt -r jwe:key.pub.pem --plain-http docker://${registry.host}/app:1 oci:out:app`);
  const [first, ...rest] = screen.lines;
  assert.match(first ?? "", /^oci-enc: encrypted 2 of 2 layers \(/);
  assert.match(rest.at(-2) ?? "", /^sha256:[0-9a-f]{64}$/);
  assert.equal(rest.at(-1), "");
  assert.equal(screen.lines.length, 6, JSON.stringify(screen.lines));
});

test("verify shows how far it is in the layers that it reads, and leaves nothing but its report", {
  skip,
}, async () => {
  const { stderr } = await ociEnc(["verify", "-k", "key.pem", "--progress", "json", "oci:out:app"], { cwd: scratch });
  const events: readonly { event: string; blobs?: number; bytes?: number }[] = stderr
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  const [planned, ...others] = events;
  assert.deepEqual([planned?.event, planned?.blobs, planned?.bytes], ["planned", 2, 5_000_000]);
  const kinds = others.map(({ event }) => event).filter((kind, index, all) => kind !== all[index - 1]);
  assert.deepEqual(kinds, ["started", "moved", "finished", "started", "moved", "finished"]);
  const refused = await ociEnc(["verify", "-k", "other.pem", "--progress", "json", "oci:out:app"], { cwd: scratch });
  assert.notEqual(refused.status, 0);
});
