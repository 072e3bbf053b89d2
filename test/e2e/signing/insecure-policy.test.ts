import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { writePlainImage } from "../../support/images/one-layer-image.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { scratchDirectory } from "../../support/scratch.js";

test("--insecure-policy lets pass what a policy.json refuses, and says so", async () => {
  const home = scratchDirectory();
  await writePlainImage(join(home, "images"), "app");
  const policy = join(home, "policy.json");
  await writeFile(policy, JSON.stringify({ default: [{ type: "reject" }] }));
  const copy = (...options: readonly string[]) =>
    ociEnc(["copy", ...options, "oci:images:app", "oci:out:app"], { cwd: home });
  const refused = await copy("--policy", policy);
  assert.equal(refused.status, 8);
  const passed = await copy("--insecure-policy");
  assert.equal(passed.status, 0, passed.stderr);
  assert.match(passed.stderr, /warning: .*--insecure-policy \[POLICY_IGNORED\]/);
});
