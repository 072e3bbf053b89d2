import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { OciEncError, systemCode } from "../../../src/errors.js";
import { fileTree } from "../files/file-tree.js";
import { writeImage } from "../images/layout-image.js";

/**
 * Writes images while no more than so many file descriptors can be opened, from none to plenty, and says of each what
 * came of it: "written" or a code. Throws when a failure leaves something.
 */
const [, , scratch = ""] = process.argv;
execFileSync("prlimit", ["--nofile=100:100", "--pid", String(process.pid)]);
// Everything is loaded, and lazily opened things are open, before the shortage begins.
await writeImage(`oci:${join(scratch, "warm")}:app`, [10]);
for (let free = 0; free < 8; free += 1) {
  const layout = join(scratch, `layout-${free}`);
  const taken = takeAllBut(free);
  let outcome = "written";
  try {
    await writeImage(`oci:${layout}:app`, [300_000]);
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    outcome = error.code;
  } finally {
    for (const descriptor of taken) closeSync(descriptor);
  }
  process.stdout.write(`${outcome}\n`);
  const left = await fileTree(layout);
  if (outcome !== "written" && left?.some((line) => line.includes("blobs/sha256/"))) throw new Error(left.join("\n"));
}

function takeAllBut(free: number): readonly number[] {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync("/dev/null", "r"));
  } catch (error) {
    if (systemCode(error) !== "EMFILE") throw error;
  }
  for (const descriptor of taken.splice(0, free)) closeSync(descriptor);
  return taken;
}
