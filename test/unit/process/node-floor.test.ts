import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { ociEncProgram } from "../../support/process/oci-enc.js";
import { decoderProgram } from "../../support/runtime/decoder.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const { engines }: { engines: { node: string } } = JSON.parse(readFileSync("package.json", "utf8"));
const floor = engines.node.replace(">=", "");
const [major = 0, minor = 0] = floor.split(".").map(Number);

/** Runs Node, which says of itself that it is another. */
function nodeAs(version: string, ...args: readonly string[]) {
  const preload = join(scratch, `as-${version}.cjs`);
  const versions = `{ value: { ...process.versions, node: "${version}" } }`;
  writeFileSync(preload, `Object.defineProperty(process, "versions", ${versions});`);
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--require", preload, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

/** Imports a door of the library, and prints the error's code and message. */
function importAs(version: string, door: string) {
  const module = pathToFileURL(join(process.cwd(), "dist", door)).href;
  const say = '(error) => console.log(error.code + ": " + error.message)';
  return nodeAs(version, "--eval", `import("${module}").then(() => console.log("loaded"), ${say})`);
}

const doors = ["index.js", "sign.js", "unpack.js", "node.js", "crypt.js", "transport.js"].map((name) =>
  join("doors", name),
);

for (const version of ["0.12.18", "14.21.3", "18.20.8", `${major}.${minor - 1}.9`]) {
  test(`Node ${version} is refused in one line, by both programs and each door of the library`, () => {
    const message = `Node ${floor} or later is needed, and this is Node ${version}\n`;
    const refused = { status: 9, stdout: "", stderr: `oci-enc: ${message}` };
    for (const args of [["--version"], ["encrypt", "--json", "-r", "jwe:nothing.pem", "oci:nothing"]]) {
      assert.deepEqual(nodeAs(version, ociEncProgram, ...args), refused);
    }
    const decoder = { status: 1, stdout: "", stderr: `UNSUPPORTED: ${message}` };
    assert.deepEqual(nodeAs(version, decoderProgram, "--help"), decoder);
    for (const door of doors) assert.equal(importAs(version, door).stdout, `UNSUPPORTED: ${message}`, door);
  });
}

test("what package.json asks for is enough, and so is everything after it", () => {
  for (const version of [`${major}.${minor}.0`, `${major}.100.0`, `${major + 1}.0.0`, "100.1.0"]) {
    assert.equal(nodeAs(version, ociEncProgram, "--version").status, 0, version);
    assert.equal(nodeAs(version, decoderProgram, "--help").status, 0, version);
    assert.equal(importAs(version, join("doors", "index.js")).stdout, "loaded\n", version);
  }
});
