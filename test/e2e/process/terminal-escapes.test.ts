import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { writeLayout } from "../../support/images/sample-layout.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egpj.exe\r\nsha256:fake";

before(async () => {
  const history = [{ created: evil, created_by: `RUN ${evil}`, comment: evil }];
  const config = {
    created: evil,
    author: evil,
    config: { Env: [evil], Labels: { [evil]: evil }, User: evil, Cmd: [evil] },
    history,
  };
  const platforms = [{ architecture: `amd64${evil}`, layers: ["a"], config }];
  await writeLayout(join(scratch, "images"), { name: evil, platforms });
  // A wrapped key whose key id is not for terminals.
  const layout = join(scratch, "images");
  const index = JSON.parse(await readFile(join(layout, "index.json"), "utf8"));
  index.manifests[0].annotations["org.opencontainers.image.title"] = evil;
  await writeFile(join(layout, "index.json"), JSON.stringify(index));
});

const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

test("faults/60: names, platforms, config and history cannot steer the terminal", async () => {
  const lines = [
    ["inspect", "oci:images"],
    ["layerinfo", "oci:images"],
    ["images", "--store", "images"],
    ["copy", "oci:images", "oci:copied:x", "--progress", "json"],
    ["rm", "--store", "images", `absent${evil}`],
    ["inspect", `oci:images:${evil}x`],
    ["encrypt", "-r", `jwe:${evil}`, "oci:images", "oci:x:y"],
    [`frob${evil}`],
    ["copy", `--frob${evil}`],
  ];
  for (const line of lines) {
    const { stdout, stderr } = await ociEnc(line, { cwd: scratch });
    assert.ok(`${stdout}${stderr}`.length > 0);
    assert.doesNotMatch(`${stdout}${stderr}`, controls, JSON.stringify(line));
  }
});

test("faults/60: JSON keeps every character of them, escaped", async () => {
  const inspected = await ociEnc(["inspect", "--json", "oci:images"], { cwd: scratch });
  assert.doesNotMatch(inspected.stdout, controls);
  const { content } = JSON.parse(inspected.stdout).manifests[0].config;
  assert.deepEqual([content.author, content.history[0].comment, content.config.Env[0]], [evil, evil, evil]);
  const listed = await ociEnc(["images", "--json", "--store", "images"], { cwd: scratch });
  assert.equal(JSON.parse(listed.stdout).images[0].name, evil);
});
