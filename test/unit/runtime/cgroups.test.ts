import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { containerId, removeAbandonedCgroups } from "../../../src/runtime/spec/cgroups.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();

test("cgroups of dead makers go, where ours would be; those of living ones, of others and ones in use stay", async () => {
  const own = join(scratch, "own");
  writeFileSync(own, "9:name=systemd:/a/b\n4:memory:/a/b\n3:cpu,cpuacct:/\n0::/u\n");
  const living = await containerId();
  const dead = living.replace(/-run-\d+-\d*-/, "-run-4194304-1-");
  const used = dead.replace(/.{4}$/, "0000");
  for (const directory of ["systemd/a/b", "cpu,cpuacct", "memory", "memory/a/b", "u", "unified/u"]) {
    const place = join(scratch, directory);
    for (const name of [living, dead, join(used, "inside"), "oci-enc-0123456789abcdef", "system.slice"]) {
      mkdirSync(join(place, name), { recursive: true });
    }
    await removeAbandonedCgroups(scratch, own);
    const kept = [living, used, "oci-enc-0123456789abcdef", "system.slice"];
    assert.deepEqual(
      readdirSync(place)
        .filter((name) => name !== "a")
        .sort(),
      kept.sort(),
      directory,
    );
  }
});
