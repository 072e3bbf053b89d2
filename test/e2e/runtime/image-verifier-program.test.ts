// How the program of containerd's image verifier, and the command that is the same, take their arguments and answer.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { ociEncProgram } from "../../support/process/oci-enc.js";
import type { PeerResult } from "../../support/process/peer.js";
import { verifierProgram } from "../../support/runtime/image-verifier.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const rules = join(scratch, "rules.toml");
writeFileSync(rules, '[[rule]]\nimages = ["registry.example"]\nverdict = "allow"\n', { mode: 0o644 });

const digest = `sha256:${"1".repeat(64)}`;
const descriptor = JSON.stringify({ mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 2 });
const type = "application/vnd.oci.descriptor.v1+json";
const asked = ["-name", "registry.example/app:1", "-digest", digest, "-stdin-media-type", type];

const programs: readonly (readonly [name: string, command: readonly string[]])[] = [
  ["oci-enc-image-verifier", [verifierProgram]],
  ["oci-enc runtime image-verifier", [ociEncProgram, "runtime", "image-verifier"]],
];

/** As containerd starts it: hardly a variable, and the root as its directory. */
async function start(
  command: readonly string[],
  args: readonly string[],
  input = `${descriptor}\n`,
): Promise<PeerResult> {
  const child = spawn(process.execPath, [...command, ...args], {
    cwd: "/",
    env: { PATH: process.env["PATH"] },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const status = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, stdout, stderr };
}

for (const [name, command] of programs) {
  test(`${name} takes options with one dash, as containerd writes them, and with two`, async () => {
    const double = asked.map((word) => word.replace(/^-/, "--"));
    const written = ["-name=registry.example/app:1", `-digest=${digest}`, `-stdin-media-type=${type}`];
    for (const args of [asked, double, written, [...asked, "-operation", "run"]]) {
      const { status, stdout } = await start(command, ["--config", rules, ...args]);
      assert.deepEqual([status, stdout], [0, "the rule for registry.example lets it in as it is\n"], args.join(" "));
    }
    const single = await start(command, ["-config", rules, ...asked]);
    assert.equal(single.status, 0, single.stdout);
  });

  test(`${name} refuses with status 1 and the reason on standard output, whatever is wrong`, async () => {
    for (const [args, reason, input] of [
      [[...asked], /image verifier's file "\/etc\/oci-enc\/image-verifier\.toml"|no rule of/],
      [["--config", rules, ...asked.slice(2)], /-name is missing/],
      [["--config", rules, ...asked], /standard input is not sound JSON/, "{"],
      [["--config", rules, ...asked, "-unheard-of", "x"], /un/],
      [["--config", rules, ...asked, "-operation"], /operation/],
    ] as const) {
      const { status, stdout, stderr } = await start(command, args, input);
      assert.equal(status, 1, args.join(" "));
      assert.match(stdout, reason);
      assert.equal(stdout.trimEnd().split("\n").length, 1, stdout);
      assert.match(`${stdout}${stderr}`, /./);
    }
  });
}

test("nothing but its own help lets it end well without a descriptor", async () => {
  const { status, stdout } = await start([verifierProgram], ["--help"]);
  assert.equal(status, 0);
  assert.match(stdout, /^oci-enc-image-verifier -name REF/);
  for (const args of [["--help", ...asked], [...asked, "-h"], [], ["-name", "a", "-name", "b"]]) {
    assert.equal((await start([verifierProgram], args)).status, 1, args.join(" "));
  }
});
