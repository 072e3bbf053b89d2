import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ociEncProgram } from "../support/process/oci-enc.js";

/** What every round starts from: images, and a text that only the plain ones hold. */
export interface World {
  readonly directory: string;
  readonly marker: string;
  /** Directories that a round can have a copy of. */
  readonly templates: string;
  readonly hasBusybox: boolean;
}

const busybox = "/usr/bin/busybox";

/** Makes the images: `plain`, two layers that are not compressed; `sealed`; and stores, directories and archives of them. */
export function makeWorld(): World {
  const directory = mkdtempSync(join(tmpdir(), "oci-kill-"));
  const marker = `OPENED-${randomBytes(12).toString("hex")}`;
  const templates = join(directory, "templates");
  mkdirSync(templates);
  const keys = join(process.cwd(), "test", "vectors", "jwe-rsa2048", "keys");
  copyFileSync(join(keys, "recipient.pem"), join(directory, "key.pem"));
  copyFileSync(join(keys, "recipient.pub.pem"), join(directory, "pub.pem"));
  writePlain(directory, join(templates, "plain"), marker);
  const cli = (...words: readonly string[]) => {
    const options = { cwd: templates, env: { ...process.env, TMPDIR: directory }, stdio: "ignore" } as const;
    execFileSync(process.execPath, [ociEncProgram, ...words], options);
  };
  const seal = ["encrypt", "-r", "jwe:../pub.pem"];
  cli(...seal, "oci:plain:x", "oci:sealed:x");
  cli("copy", "--store", "store", "oci:plain:x", "localhost/app:1");
  cli("copy", "--store", "both", "oci:plain:x", "localhost/app:1");
  cli(...seal, "--store", "both", "localhost/app:1", "localhost/app:1-enc");
  cli("copy", "--store", "sealed-store", "oci:sealed:x", "localhost/app:1");
  cli("copy", "oci:plain:x", "dir:plain-dir");
  cli("copy", "oci:sealed:x", "dir:sealed-dir");
  mkdirSync(join(templates, "archives"));
  cli("copy", "oci:plain:x", "oci-archive:archives/plain.tar:x");
  mkdirSync(join(templates, "empty"));
  leaveGarbage(templates, cli);
  return { directory, marker, templates, hasBusybox: existsSync(busybox) };
}

/** A store as an encrypt in place leaves it that is killed before it removes the plain blobs. */
function leaveGarbage(templates: string, cli: (...words: readonly string[]) => void): void {
  cli("copy", "--store", "garbage", "oci:plain:x", "localhost/app:1");
  const blobs = join(templates, "garbage", "blobs", "sha256");
  const manifest = JSON.parse(readFileSync(join(templates, "plain", "manifest.txt"), "utf8"));
  cli("encrypt", "-r", "jwe:../pub.pem", "--store", "garbage", "localhost/app:1");
  const digests: string[] = [];
  for (const { digest } of manifest.layers) {
    const hex = String(digest).slice("sha256:".length);
    copyFileSync(join(templates, "plain", "blobs", "sha256", hex), join(blobs, hex));
    digests.push(digest);
  }
  mkdirSync(join(templates, "garbage", ".oci-enc"));
  writeFileSync(join(templates, "garbage", ".oci-enc", "obsolete"), `${digests.join("\n")}\n`);
}

function writePlain(directory: string, layout: string, marker: string): void {
  const blobs = join(layout, "blobs", "sha256");
  mkdirSync(blobs, { recursive: true });
  const keep = (bytes: Uint8Array, mediaType: string) => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const layers = [0, 1].map((layer) => {
    const root = join(directory, `layer-${layer}`);
    mkdirSync(join(root, `d${layer}`), { recursive: true });
    for (let file = 0; file < 20; file += 1) {
      writeFileSync(join(root, `d${layer}`, `file-${file}`), `${marker}\n`.repeat(file === 0 ? 60_000 : 40));
    }
    if (layer === 0 && existsSync(busybox)) {
      mkdirSync(join(root, "bin"));
      copyFileSync(busybox, join(root, "bin", "busybox"));
    }
    const tar = join(directory, `layer-${layer}.tar`);
    execFileSync("tar", ["-C", root, "-cf", tar, "."]);
    return keep(readFileSync(tar), "application/vnd.oci.image.layer.v1.tar");
  });
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const diffIds = layers.map(({ digest }) => digest);
  const config = { architecture, os: "linux", config: {}, rootfs: { type: "layers", diff_ids: diffIds } };
  const image = keep(Buffer.from(JSON.stringify(config)), "application/vnd.oci.image.config.v1+json");
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const text = JSON.stringify({ schemaVersion: 2, mediaType, config: image, layers });
  const manifest = keep(Buffer.from(text), mediaType);
  writeFileSync(join(layout, "manifest.txt"), text);
  writeFileSync(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  const annotations = { "org.opencontainers.image.ref.name": "x" };
  writeFileSync(
    join(layout, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  if (!statSync(layout).isDirectory()) throw new Error("no layout was made");
}
