import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ociEncProgram } from "./support/oci-enc.js";
import { scratchDirectory } from "./support/scratch.js";

const scratch = scratchDirectory();

test("a user who is a number without a name, and has no HOME, is nobody's bug", () => {
  const preload = join(scratch, "nameless.cjs");
  writeFileSync(
    preload,
    `require("node:os").homedir = () => { throw new Error("no such user"); };
     require("node:module").syncBuiltinESMExports();`,
  );
  for (const [status, ...args] of [
    [3, "inspect", "nothing"],
    [5, "inspect", "docker://localhost:1/nothing"],
    [3, "verify", "--require-signed", "nothing"],
    [0, "images"],
  ] as const) {
    const { stderr, ...ended } = spawnSync(process.execPath, ["--require", preload, ociEncProgram, ...args], {
      cwd: scratch,
      encoding: "utf8",
    });
    assert.equal(ended.status, status, `${args.join(" ")}: ${stderr}`);
  }
});
