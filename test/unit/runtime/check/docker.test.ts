import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { TestNode } from "../../../support/runtime/test-node.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();

test("Docker has to have containerd's image store", async () => {
  const node = new TestNode(scratch);
  node.configure(1);
  for (const [settings, version, finding] of [
    [
      '{"features":{"containerd-snapshotter":true}}',
      "28.5.2",
      /^docker good: Docker Engine 28\.5\.2, with containerd's/m,
    ],
    ["{}", "28.5.2", /^docker wrong: .* does not use containerd's image store/m],
    [
      '{"features":{"containerd-snapshotter":false}}',
      "29.1.0",
      /^docker wrong: .* does not use containerd's image store/m,
    ],
    ["{}", "29.1.0", /^docker warning: .* if it was installed anew/m],
    ['{"features":{"containerd-snapshotter":true}}', "20.10.24", /^docker wrong: .* store of its own/m],
    [
      '{"userns-remap":"default","features":{"containerd-snapshotter":true}}',
      "29.1.0",
      /^docker wrong: .*remaps users/m,
    ],
    ["[1]", "29.1.0", /^docker wrong: .*is not JSON/m],
    ["{", "29.1.0", /^docker wrong: .*is not JSON/m],
  ] as const) {
    node.write("daemon.json", settings);
    assert.match(await node.found({ docker: version }), finding, settings);
  }
  rmSync(node.path("daemon.json"));
  assert.match(await node.found({ docker: "28.5.2" }), /^docker wrong/m);
  const asked = await node.found({ docker: "28.5.2", runtime: "docker" });
  assert.match(asked, /^docker wrong[\s\S]*^containerd good: containerd 1\.7\.24$/m);
  assert.doesNotMatch(await node.found({ docker: "28.5.2", runtime: "containerd" }), /^docker/m);
});
