import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestNode } from "../../../support/runtime/test-node.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();

test("image verifiers that refuse everything, or are not asked, are found", async () => {
  const node = new TestNode(scratch);
  const found = () => node.found({ version: "2.1.9" });
  node.configure(2);
  assert.doesNotMatch(await found(), /^verifier/m);
  node.write("rules.toml", "");
  assert.match(await found(), /^verifier wrong: .*rules\.toml" has rules, and no oci-enc-image-verifier is in/m);
  node.write("verifiers/README", "");
  mkdirSync(join(node.verifiers, "folder"));
  symlinkSync("/nonexistent", join(node.verifiers, "link"));
  rmSync(node.path("rules.toml"));
  node.write("verifiers/oci-enc-image-verifier", "#!/bin/sh\n", 0o777);
  const many = await found();
  assert.match(many, /^verifier wrong: .*README" is not executable: .*refuses every image/m);
  assert.match(many, /^verifier wrong: .*folder" is no file/m);
  assert.match(many, /^verifier wrong: .*link" leads nowhere/m);
  assert.match(many, /^verifier wrong: users other than the owner may change .*mode 777/m);
  assert.match(many, /^verifier wrong: the verifier refuses every image: .*rules\.toml/m);
  node.write("rules.toml", "[[rule]]\n");
  assert.match(await found(), /^verifier wrong: the verifier refuses every image: .*rules\.toml", line 1/m);
  node.write("rules.toml", '[[rule]]\nimages = ["*"]\nverdict = "allow"\n');
  node.configure(2, { after: "max_verifiers = 2\n" });
  assert.match(await found(), /^verifier wrong: max_verifiers is 2: link, oci-enc-image-verifier is not asked/m);
});

test("verifiers that this configuration keeps from being asked are found", async () => {
  const node = new TestNode(scratch);
  node.write("verifiers/other", "#!/bin/sh\n", 0o755);
  node.configure(2);
  assert.match(await node.found({ version: "2.1.9" }), /^verifier good: other in/m);
  node.configure(2, { pull: "local" });
  assert.match(await node.found({ version: "2.1.9" }), /^verifier warning: CRI pulls by itself/m);
  node.configure(2, { before: 'disabled_plugins = ["io.containerd.image-verifier.v1.bindir"]\n' });
  assert.match(await node.found({ version: "2.1.9" }), /^verifier wrong: disabled_plugins has/m);
});
