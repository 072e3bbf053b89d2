import assert from "node:assert/strict";
import { chmodSync, rmSync } from "node:fs";
import { test } from "node:test";
import { exits } from "../../support/process/exits.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { TestNode } from "../../support/runtime/test-node.js";
import { documentProblem } from "../../support/schemas.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();

test("a node as it should be has nothing wrong, with either containerd and either pull", async () => {
  const node = new TestNode(scratch);
  for (const [version, containerd, pull] of [
    ["1.6.20", 1, "local"],
    ["2.0.5", 2, "local"],
    ["2.1.9", 2, "transfer"],
  ] as const) {
    node.configure(containerd, { pull });
    const found = await node.found({ version });
    assert.doesNotMatch(found, / wrong: /);
    assert.match(found, new RegExp(`^containerd good: containerd ${version}$`, "m"));
    assert.match(found, /^processors good: /m);
    assert.match(found, /^decoder good: .*with and without a payload$/m);
    assert.match(found, /^content good: /m);
    assert.match(found, /^keys good: 1 usable/m);
    assert.match(found, pull === "local" ? /^pull good: .* sends a payload/m : /^pull good: .*transfer service/m);
  }
});

test("keys that are not usable, exposed or missing are found, and a broken list of providers", async () => {
  const node = new TestNode(scratch);
  node.configure(1);
  chmodSync(node.keysPath, 0o755);
  node.write("keys/note.txt", "nothing");
  node.write("providers.json", "{");
  const found = await node.found();
  assert.match(found, /^keys warning: not used: .*note\.txt/m);
  assert.match(found, /^keys warning: users other than the owner may access .*mode 755/m);
  assert.match(found, /^providers wrong/m);
  rmSync(node.path("keys/node.pem"));
  assert.match(await node.found(), /^keys wrong: no usable key/m);
  assert.match(await node.found({ keysPath: node.path("absent") }), /^keys wrong: ".*absent" cannot be read/m);
});

test("runtime check of a node that is not ready prints what it found, and ends with 8", async () => {
  const args = [
    "runtime",
    "check",
    "containerd",
    "--config",
    "/nonexistent/config.toml",
    "--decryption-keys-path",
    "/nonexistent",
  ];
  const { stdout, stderr } = await exits(8, ociEnc([...args, "--json"]));
  const document = JSON.parse(stdout);
  assert.equal(document.ready, false);
  assert.equal(await documentProblem(document), undefined);
  assert.equal(JSON.parse(stderr).code, "UNTRUSTED");
  const text = await exits(8, ociEnc(args));
  assert.match(text.stdout, /wrong/);
  assert.match(text.stderr, /^oci-enc: runtime check: this node is not ready: /m);
  const { stderr: kind } = await exits(2, ociEnc(["runtime", "check", "kind"]));
  assert.match(kind, /no node has the runtime "kind"; there are containerd, docker/);
});
