import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { recordSupport, type SystemCall } from "../../../support/files/system-calls.js";
import { scratchOf } from "../../../support/scratch.js";

/** What a disk surely holds after some calls: names and contents that have been synced since they last changed. */
class Disk {
  readonly #lostNames = new Set<string>();
  readonly #lostContents = new Set<string>();

  apply(call: SystemCall): void {
    if (call.name === "write") this.#lostContents.add(call.path);
    if (call.name === "mkdir") this.#lostNames.add(call.path);
    if (call.name === "sync") {
      this.#lostContents.delete(call.path);
      for (const name of this.#lostNames) if (dirname(name) === call.path) this.#lostNames.delete(name);
    }
    if (call.name === "rename") {
      this.#lostNames.add(call.path);
      this.#lostContents.delete(call.path);
      if (this.#lostContents.delete(call.from)) this.#lostContents.add(call.path);
    }
  }

  hasContent(path: string): boolean {
    return !this.#lostContents.has(path);
  }

  /** The name and those of all directories above it. */
  hasName(path: string): boolean {
    for (let at = path; at !== dirname(at); at = dirname(at)) if (this.#lostNames.has(at)) return false;
    return true;
  }
}

/** What one call must not do, given what is on the disk by then. */
function judge(call: SystemCall, disk: Disk, layout: string, named: ReadonlySet<string>): void {
  const blobs = join(layout, "blobs", "sha256");
  const index = join(layout, "index.json");
  if (call.name === "rename" && dirname(call.path) !== dirname(call.from)) {
    assert.ok(disk.hasContent(call.from), `${call.path} gets its name before its content is on the disk`);
  }
  if (call.name === "rename" && call.path === index) {
    for (const blob of named) assert.ok(disk.hasName(blob), `${blob} is needed before its name is on the disk`);
    assert.ok(disk.hasName(join(layout, "oci-layout")));
  }
  if (call.name === "write") assert.notEqual(dirname(call.path), blobs, "a blob is written under its final name");
  if (call.name === "unlink" && dirname(call.path) === blobs) {
    assert.ok(disk.hasName(index), "a blob goes before the new index is on the disk");
  }
}

test("faults/52: whatever a power cut leaves of the calls so far, no name stands for less than it promises", {
  skip: spawnSync("strace", ["-V"]).status === 0 ? false : "needs strace",
}, async (t) => {
  const scratch = scratchOf(t);
  const layout = join(scratch, "new", "layout");
  const calls = recordSupport("replace-image", [`oci:${layout}:app`], scratch);
  const disk = new Disk();
  const named = new Set<string>();
  for (const call of calls) {
    judge(call, disk, layout, named);
    disk.apply(call);
    if (call.name === "rename" && call.path.startsWith(join(layout, "blobs"))) named.add(call.path);
  }
  const index = join(layout, "index.json");
  assert.ok(disk.hasName(index) && disk.hasContent(index), "the end is not on the disk");
  assert.equal(calls.filter((call) => call.name === "rename" && call.path === index).length, 2);
  assert.equal(calls.filter((call) => call.name === "unlink" && named.has(call.path)).length, 2);
});
