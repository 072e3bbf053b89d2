import assert from "node:assert/strict";
import { test } from "node:test";
import { decoderProgram } from "../../../support/runtime/decoder.js";
import { TestNode } from "../../../support/runtime/test-node.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();
const layer = "application/vnd.oci.image.layer.v1.tar";
const builtIn = "io.containerd.ocicrypt.decoder.v1.tar.gzip";

test("without a configuration the built-in processors count, which lack zstd", async () => {
  const found = await new TestNode(scratch).found();
  assert.match(found, /^processors warning: .*config\.toml" does not exist: .*built-in/m);
});

test("processors that take layers from each other, or are not sent a payload, or return what is not unpacked, are found", async () => {
  const node = new TestNode(scratch);
  const own = (accepts: string, returns = `${layer}+gzip`) =>
    `[stream_processors."example.decoder"]\naccepts = ["${accepts}"]\nreturns = "${returns}"\npath = "${decoderProgram}"\n`;
  node.configure(1, { after: own(`${layer}+gzip+encrypted`) });
  const taken = await node.found();
  assert.match(
    taken,
    /^processors wrong: .*tar\.gzip and example\.decoder accept tar\+gzip\+encrypted layers, .* by chance/m,
  );
  node.write("config.toml", `version = 2\n${own(`${layer}+zstd+encrypted`, "tar")}`);
  const found = await node.found();
  assert.match(
    found,
    /^processors warning: example\.decoder accepts tar\+zstd\+encrypted layers, .*two usual ids alone/m,
  );
  assert.match(found, /^processors wrong: the processor example\.decoder returns "tar"/m);
  node.write("config.toml", `version = 2\n[stream_processors."${builtIn}"]\naccepts = []\npath = "x"\n`);
  const none = await node.found();
  assert.match(none, /^processors wrong: tar\+gzip\+encrypted layers are not accepted/m);
  assert.match(none, /^processors warning: tar\+zstd\+encrypted layers are not accepted/m);
});

test("files that containerd cannot read, or passes over parts of, are found, the imported ones too", async () => {
  const node = new TestNode(scratch);
  node.configure(1, { before: 'imports = ["conf.d/*.toml", "absent.toml"]\n' });
  node.write("conf.d/1.toml", "version = 2\n[stream_processors\n");
  const found = await node.found();
  assert.match(found, /^containerd wrong: .*conf\.d\/1\.toml", of containerd's configuration: it is not TOML/m);
  assert.match(found, /^containerd wrong: .*absent\.toml", of containerd's configuration: it does not exist/m);
  const old = await node.found({ version: "1.6.20" });
  assert.match(
    old,
    /^containerd wrong: containerd 1\.6\.20 looks for "conf\.d\/\*\.toml", of the imports of .* started in$/m,
  );
  assert.doesNotMatch(old, /1\.toml/);
  node.configure(2);
  const newer = await node.found({ version: "1.7.24" });
  assert.match(newer, /^containerd wrong: .* is of version 3, and containerd 1\.7\.24 reads versions up to 2/m);
  assert.match(newer, /^containerd warning: .* passes over io\.containerd\.cri\.v1\.images/m);
  node.configure(1, { before: 'imports = ["conf.d/*.toml"]\n' });
  node.write("conf.d/1.toml", "version = 3\n");
  assert.match(
    await node.found({ version: "2.1.9" }),
    /^containerd wrong: .*conf\.d\/1\.toml" is of version 3, and imported by/m,
  );
  node.write("config.toml", 'version = 3\n[plugins."io.containerd.grpc.v1.cri".image_decryption]\nkey_model = "x"\n');
  assert.match(
    await node.found({ version: "2.1.9" }),
    /^containerd warning: .* passes over io\.containerd\.grpc\.v1\.cri/m,
  );
  node.write("config.toml", '[plugins."io.containerd.grpc.v1.cri".image_decryption]\nkey_model = "x"\n');
  assert.match(await node.found(), /^containerd warning: .* is of version 1, in which containerd passes over/m);
});

test("what an imported file says counts: of a plug-in containerd 1 takes its table alone, and 2 merges both", async () => {
  const node = new TestNode(scratch);
  const cri = '[plugins."io.containerd.grpc.v1.cri"]';
  node.write(
    "config.toml",
    `version = 2\nimports = ["conf.d/?.toml", "conf.d/*.toml"]\n${cri}\nimage_decryption = { key_model = "x" }\n`,
  );
  assert.match(await node.found(), /^pull warning: key_model is "x"/m);
  node.write(
    "conf.d/1.toml",
    `version = 2\n${cri}\nsandbox_image = "y"\n[stream_processors."${builtIn}"]\naccepts = []\n`,
  );
  const found = await node.found();
  assert.match(found, /^pull good: CRI pulls by itself, and sends a payload/m);
  assert.match(found, /^processors wrong: tar\+gzip\+encrypted layers are not accepted/m);
  assert.match(await node.found({ version: "2.0.3" }), /^pull warning: key_model is "x"/m);
  node.write("config.toml", 'version = 2\ndisabled_plugins = ["cri"]\n');
  assert.doesNotMatch(await node.found(), /^pull /m);
});
