import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { NodePlace } from "../../../src/runtime/node/configs/node-file.js";
import { checkNode, type NodeCheckOptions } from "../../../src/runtime/node/node-check.js";
import { nodeConfig } from "../../../src/runtime/node/node-config.js";
import { decoderProgram } from "./decoder.js";

/** A node in a directory, whose programs are scripts that say a version. */
export class TestNode {
  readonly directory: string;
  readonly keysPath: string;
  readonly root: string;
  readonly verifiers: string;

  constructor(scratch: string) {
    this.directory = mkdtempSync(join(scratch, "node-"));
    this.keysPath = this.path("keys");
    this.root = this.path("root");
    this.verifiers = this.path("verifiers");
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
    const open = findings.filter(({ verdict, remedy }) => (remedy === undefined) !== (verdict === "good"));
    if (open.length > 0) throw new Error(`good with a remedy, or not good without one: ${JSON.stringify(open)}`);
    return findings.map(({ what, verdict, message }) => `${what} ${verdict}: ${message}\n`).join("");
  }
}
