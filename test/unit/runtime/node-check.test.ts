import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { NodePlace } from "../../../src/runtime/node/configs/node-file.js";
import { checkNode, type NodeCheckOptions } from "../../../src/runtime/node/node-check.js";
import { nodeConfig } from "../../../src/runtime/node/node-config.js";
import { exits } from "../../support/process/exits.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { decoderProgram } from "../../support/runtime/decoder.js";
import { documentProblem } from "../../support/schemas.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const layer = "application/vnd.oci.image.layer.v1.tar";
const builtIn = "io.containerd.ocicrypt.decoder.v1.tar.gzip";

/** A node in a directory, whose programs are scripts that say a version. */
class TestNode {
  readonly directory: string = mkdtempSync(join(scratch, "node-"));
  readonly keysPath: string = this.path("keys");
  readonly root: string = this.path("root");
  readonly verifiers: string = this.path("verifiers");

  constructor() {
    this.write("keys/node.pem", readFileSync(join("test", "vectors", "decoder-payload", "key.pem"), "utf8"), 0o600);
    chmodSync(this.keysPath, 0o700);
    mkdirSync(join(this.root, "io.containerd.content.v1.content", "blobs", "sha256"), { recursive: true });
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  write(name: string, text: string, mode = 0o644): string {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
    chmodSync(this.path(name), mode);
    return this.path(name);
  }

  /** What `runtime config` prints, with the places of this node, and lines before and after it. */
  configure(
    containerd: 1 | 2,
    { before = "", after = "", decoder = decoderProgram, pull = "transfer" as "transfer" | "local" } = {},
  ): void {
    const places = {
      decoder,
      keysPath: this.keysPath,
      providerConfig: this.path("providers.json"),
      contentRoot: this.root,
    };
    const text = nodeConfig("containerd", { ...places, containerd, pull });
    const head = `root = ${JSON.stringify(this.root)}\n${before}`;
    const verifiers = `[plugins."io.containerd.image-verifier.v1.bindir"]\nbin_dir = ${JSON.stringify(this.verifiers)}\n`;
    this.write("config.toml", text.replace(/^version = \d\n/m, (line) => `${line}${head}`) + verifiers + after);
  }

  /** Lines of what is found. */
  async found(options: NodeCheckOptions & { version?: string; docker?: string; crio?: string } = {}): Promise<string> {
    const { version = "1.7.24", docker, crio, ...rest } = options;
    const place = (kind: NodePlace["kind"], config: string, program: string, says: string): NodePlace => {
      this.write(`bin/${program}`, `#!/bin/sh\necho "${program} version ${says}"\n`, 0o755);
      return { kind, config: this.path(config), program: this.path(`bin/${program}`) };
    };
    const rows = [
      { name: "containerd", place: place("containerd", "config.toml", "containerd", version), files: () => [] },
      ...(docker === undefined
        ? []
        : [{ name: "docker", place: place("docker", "daemon.json", "dockerd", docker), files: () => [] }]),
      ...(crio === undefined
        ? []
        : [{ name: "crio", place: place("crio", "crio.conf", "crio", crio), files: () => [] }]),
    ];
    const findings = await checkNode(rest, rows, this.path("rules.toml"));
    for (const { what, verdict, remedy } of findings) assert.equal(remedy === undefined, verdict === "good", what);
    return findings.map(({ what, verdict, message }) => `${what} ${verdict}: ${message}\n`).join("");
  }
}

test("a node as it should be has nothing wrong, with either containerd and either pull", async () => {
  const node = new TestNode();
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
  const node = new TestNode();
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

test("without a configuration the built-in processors count, which lack zstd", async () => {
  const found = await new TestNode().found();
  assert.match(found, /^processors warning: .*config\.toml" does not exist: .*built-in/m);
});

test("processors that take layers from each other, or are not sent a payload, or return what is not unpacked, are found", async () => {
  const node = new TestNode();
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

test("a decoder that is missing is wrong, and one that needs a payload is where the pulls send none", async () => {
  const node = new TestNode();
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

test("a decoder that does not start is wrong, and a stranger's program is not started", async () => {
  const node = new TestNode();
  node.configure(1, { decoder: node.write("bin/ctd-decoder", "#!/nonexistent/node\n", 0o755) });
  assert.match(await node.found(), /^decoder wrong: .* does not start/m);
  node.configure(1, { decoder: node.write("bin/other", `#!/bin/sh\ntouch ${node.path("started")}\n`, 0o755) });
  assert.match(await node.found(), /^decoder good: .*was not started/m);
  assert.throws(() => readFileSync(node.path("started")), /ENOENT/);
});

test("a decoder that another PATH is needed for is warned of, and the entry's own PATH counts", async () => {
  const node = new TestNode();
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
  const node = new TestNode();
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
  node.configure(2);
  rmSync(node.root, { recursive: true });
  assert.match(await node.found({ version: "2.1.9" }), /^content good: .* is not there yet/m);
  writeFileSync(node.root, "no directory");
  assert.match(await node.found({ version: "2.1.9" }), /^content (?:wrong|warning): .*\(ENOTDIR\)/m);
});

test("files that containerd cannot read, or passes over parts of, are found, the imported ones too", async () => {
  const node = new TestNode();
  node.configure(1, { before: 'imports = ["conf.d/*.toml", "absent.toml"]\n' });
  node.write("conf.d/1.toml", "version = 2\n[stream_processors\n");
  const found = await node.found();
  assert.match(found, /^containerd wrong: .*conf\.d\/1\.toml", of containerd's configuration: it is not TOML/m);
  assert.match(found, /^containerd wrong: .*absent\.toml", of containerd's configuration: it does not exist/m);
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
  const node = new TestNode();
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

test("image verifiers that refuse everything, or are not asked, are found", async () => {
  const node = new TestNode();
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
  const node = new TestNode();
  node.write("verifiers/other", "#!/bin/sh\n", 0o755);
  node.configure(2);
  assert.match(await node.found({ version: "2.1.9" }), /^verifier good: other in/m);
  node.configure(2, { pull: "local" });
  assert.match(await node.found({ version: "2.1.9" }), /^verifier warning: CRI pulls by itself/m);
  node.configure(2, { before: 'disabled_plugins = ["io.containerd.image-verifier.v1.bindir"]\n' });
  assert.match(await node.found({ version: "2.1.9" }), /^verifier wrong: disabled_plugins has/m);
});

test("Docker has to have containerd's image store", async () => {
  const node = new TestNode();
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
});

test("CRI-O has to have keys, and no links among them", async () => {
  const node = new TestNode();
  node.configure(1);
  const keys = (path: string) => `[crio.runtime]\ndecryption_keys_path = ${JSON.stringify(path)}\n`;
  const found = () => node.found({ runtime: "crio", crio: "1.33.0" });
  node.write("crio.conf", keys("/nonexistent"));
  assert.match(await found(), /^crio wrong: CRI-O 1\.33\.0 has no keys: "\/nonexistent" does not exist/m);
  node.write("crio.conf.d/10-decryption.conf", keys(node.keysPath));
  assert.match(await found(), /^crio good: CRI-O 1\.33\.0, with keys in/m);
  symlinkSync("node.pem", join(node.keysPath, "link.pem"));
  assert.match(await found(), /^crio wrong: .*refuses all keys, as .*link\.pem" is a link/m);
  rmSync(node.keysPath, { recursive: true });
  mkdirSync(node.keysPath);
  assert.match(await found(), /^crio wrong: .* has no key in/m);
  node.write("crio.conf.d/20-broken.conf", "[crio");
  assert.match(await found(), /^crio wrong: .*20-broken\.conf": it is not TOML/m);
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
