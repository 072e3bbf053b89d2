import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { test } from "node:test";
import { homeDirectory } from "../../../src/files/home-directory.js";
import { ociEncProgram } from "../../support/process/oci-enc.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();

test("a user who is a number without a name, and has no HOME, has / as home", () => {
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

test("a HOME that is empty or relative does not make the current directory the home", (t) => {
  const before = process.env["HOME"];
  t.after(() => {
    if (before === undefined) delete process.env["HOME"];
    else process.env["HOME"] = before;
  });
  for (const home of ["", "here", "./.."]) {
    process.env["HOME"] = home;
    assert.ok(isAbsolute(homeDirectory()), `HOME=${home}: ${homeDirectory()}`);
  }
});
