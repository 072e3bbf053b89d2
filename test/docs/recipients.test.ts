import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openTarget } from "../../src/doors/transport.js";
import { bringImage } from "../support/images/bring-image.js";
import { addImage, MemoryPlace } from "../support/images/memory-image.js";
import { ociEncProgram } from "../support/process/oci-enc.js";
import { scratchDirectory } from "../support/scratch.js";

const scratch = scratchDirectory();

async function blocksOf(page: string): Promise<string> {
  const text = await readFile(join(process.cwd(), "docs", page), "utf8");
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands]) => commands).join("\n");
}

async function shell(script: string): Promise<{ readonly status: number; readonly output: string }> {
  const env = { ...process.env, PATH: `${join(scratch, "bin")}:${process.env["PATH"]}` };
  return new Promise((resolve) => {
    const child = execFile("/bin/sh", ["-eux"], { cwd: scratch, env, timeout: 240_000 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    });
    child.stdin?.end(script);
  });
}

test("the commands of docs/recipients.md run, and so does the step of docs/verify-in-ci.md, which fails when it should", async () => {
  await mkdir(join(scratch, "bin"));
  await writeFile(join(scratch, "bin", "oci-enc"), `#!/bin/sh\nexec '${process.execPath}' '${ociEncProgram}' "$@"\n`);
  await chmod(join(scratch, "bin", "oci-enc"), 0o755);
  const place = new MemoryPlace();
  for (const name of ["app", "next"]) {
    await using target = await openTarget(`oci:${join(scratch, "images")}:${name}`);
    const contents = ["base", name].map((text) => Buffer.from(text));
    const layers = contents.map((bytes) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar", bytes }));
    await bringImage(place, addImage(place, { layers }), target);
  }
  const guide = await shell(await blocksOf("recipients.md"));
  assert.equal(guide.status, 0, guide.output);
  assert.match(guide.output, /NOT_REVOKED/);
  const step = await blocksOf("verify-in-ci.md");
  assert.match(step, /^oci-enc verify /);
  const alone = await shell(step);
  assert.equal(alone.status, 8, alone.output);
  const complete = await shell(
    `oci-enc recipients set -k alice.pem --recipients-file team.txt oci:encrypted:app\n${step}`,
  );
  assert.equal(complete.status, 0, complete.output);
  assert.match(await readFile(join(scratch, "verify.xml"), "utf8"), /name="no-other-recipients"\/>/);
  const stranger = await shell(`oci-enc recipients add -k alice.pem -r jwe:bob.pub.pem oci:encrypted:app\n${step}`);
  assert.equal(stranger.status, 8, stranger.output);
});
