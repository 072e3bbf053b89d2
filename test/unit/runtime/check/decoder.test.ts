import assert from "node:assert/strict";
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { ociEncProgram } from "../../../support/process/oci-enc.js";
import { decoderProgram } from "../../../support/runtime/decoder.js";
import { TestNode } from "../../../support/runtime/test-node.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();

test("a decoder that is missing is wrong, and one that needs a payload is where the pulls send none", async () => {
  const node = new TestNode(scratch);
  node.configure(2, { decoder: "/nonexistent/ctd-decoder" });
  assert.match(await node.found({ version: "2.1.9" }), /^decoder wrong: .*does not exist or is not executable/m);
  const old = node.write("bin/ctd-decoder", "#!/bin/sh\necho '--decryption-keys-path value'\n", 0o755);
  node.configure(2, { decoder: old });
  const transfer = await node.found({ version: "2.1.9" });
  assert.match(
    transfer,
    /^decoder wrong: .*cannot decrypt without a payload, and containerd's default pull sends none/m,
  );
  node.configure(2, { decoder: old, pull: "local" });
  assert.match(await node.found({ version: "2.1.9" }), /^decoder good: .*cannot decrypt without a payload; the pulls/m);
  const docker = await node.found({ version: "1.7.24", docker: "29.0.1" });
  assert.match(docker, /^decoder wrong: .*and Docker sends none/m);
});

test("oci-enc itself, as oci-enc decoder, is known as a decoder", async () => {
  const node = new TestNode(scratch);
  node.configure(2, { decoder: ociEncProgram });
  const text = readFileSync(node.path("config.toml"), "utf8");
  node.write("config.toml", text.replaceAll('args = ["', 'args = ["decoder", "'));
  assert.match(
    await node.found({ version: "2.1.9" }),
    /^decoder good: .*oci-enc\.js, which decrypts with and without a payload$/m,
  );
});

test("a decoder that does not start is wrong, and a stranger's program is not started", async () => {
  const node = new TestNode(scratch);
  node.configure(1, { decoder: node.write("bin/ctd-decoder", "#!/nonexistent/node\n", 0o755) });
  assert.match(await node.found(), /^decoder wrong: .* does not start/m);
  node.configure(1, { decoder: node.write("bin/other", `#!/bin/sh\ntouch ${node.path("started")}\n`, 0o755) });
  assert.match(await node.found(), /^decoder good: .*was not started/m);
  assert.throws(() => readFileSync(node.path("started")), /ENOENT/);
});

test("a decoder that another PATH is needed for is warned of, and the entry's own PATH counts", async () => {
  const node = new TestNode(scratch);
  const help = "#!/usr/bin/env shell-of-its-own\necho --content-root\n";
  const decoder = node.write("bin/ctd-decoder", help, 0o755);
  symlinkSync("/bin/sh", node.path("bin/shell-of-its-own"));
  node.configure(1, { decoder });
  const before = process.env["PATH"];
  process.env["PATH"] = `${node.path("bin")}:${before}`;
  try {
    const found = await node.found();
    assert.match(found, /^decoder warning: .*starts with this PATH, and not with the one that systemd gives/m);
    assert.match(found, /^decoder good: .*with and without a payload/m);
  } finally {
    process.env["PATH"] = before;
  }
  const text = readFileSync(node.path("config.toml"), "utf8");
  node.write("config.toml", text.replaceAll("  env = [", `  env = ["PATH=${node.path("bin")}:/usr/bin:/bin", `));
  assert.doesNotMatch(await node.found(), /^decoder warning/m);
});

test("a root in which the decoder does not look is found, by what its arguments say", async () => {
  const node = new TestNode(scratch);
  node.configure(2);
  const text = readFileSync(node.path("config.toml"), "utf8");
  node.write("config.toml", text.replaceAll(/, "--content-root", [^\]]*/g, ""));
  assert.match(
    await node.found({ version: "2.1.9" }),
    /^content wrong: the root of containerd, .* is not one in which/m,
  );
  assert.match(await node.found({ version: "2.0.1" }), /^content warning: /m);
  node.write("config.toml", text.replaceAll(/"--content-root", [^\]]*/g, '"--content-root=/elsewhere"'));
  assert.match(
    await node.found({ version: "2.1.9" }),
    /^content wrong: .* is not the "\/elsewhere" of --content-root/m,
  );
  const script = node.write(
    "bin/ctd-decoder",
    `#!/bin/sh\nexec ${decoderProgram} --content-root /elsewhere "$@"\n`,
    0o755,
  );
  node.write("config.toml", text.replaceAll(/, "--content-root", [^\]]*/g, "").replaceAll(decoderProgram, script));
  assert.doesNotMatch(await node.found({ version: "2.1.9" }), /^content (?:wrong|warning)/m);
  node.configure(2);
  rmSync(node.root, { recursive: true });
  assert.match(await node.found({ version: "2.1.9" }), /^content good: .* is not there yet/m);
  writeFileSync(node.root, "no directory");
  assert.match(await node.found({ version: "2.1.9" }), /^content (?:wrong|warning): .*\(ENOTDIR\)/m);
});
