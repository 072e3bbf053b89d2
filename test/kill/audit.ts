import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Result } from "./kinds.js";

/** Paths that the images of a result name, relative to `round`. Throws an Error that says what is lost or broken. */
export function filesOf(round: string, { form, path }: Result): ReadonlySet<string> {
  const whole = join(round, path);
  if (form === "layout") return layoutFiles(round, whole);
  if (form === "dir") return dirFiles(round, whole);
  if (form === "tree") return treeFiles(round, whole);
  const place = mkdtempSync(join(tmpdir(), "oci-kill-archive-"));
  try {
    execFileSync("tar", ["-C", place, "-xf", whole]);
    layoutFiles(place, place);
  } finally {
    rmSync(place, { recursive: true });
  }
  return new Set([path]);
}

/** Whether there is something to be read: that a writer has just made a place is not enough. */
export function isThere(round: string, { form, path }: Result): boolean {
  const name = form === "layout" ? "index.json" : form === "dir" ? "manifest.json" : "";
  return existsSync(join(round, path, name)) && (form !== "tree" || !isEmptyDirectory(join(round, path)));
}

/** Files below `round` that hold `marker`, relative to it. */
export function filesWith(round: string, marker: string): readonly string[] {
  const { stdout } = spawnSync("grep", ["-rlF", "--", marker, round], { encoding: "utf8" });
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((path) => relative(round, path));
}

/**
 * What no command may leave: temporary files, drafts, leases, records. Beginnings of blobs may wait for the next pull, and
 * the files of a lock for the next writer: they hold no content.
 */
export function temporaryFiles(round: string): readonly string[] {
  const names = readdirSync(round, { recursive: true, encoding: "utf8" });
  return names.filter((name) => {
    const [first, ...below] = name
      .slice(name.search(/(^|\/)\.oci-enc/))
      .split("/")
      .filter(Boolean);
    if (name.startsWith("tmp/")) return true;
    if (first === undefined || !first.startsWith(".oci-enc")) return false;
    return first !== ".oci-enc" || !/^(?:|ingest|lock|ended-.*)$/.test(below[0] ?? "");
  });
}

function isEmptyDirectory(path: string): boolean {
  return lstatSync(path).isDirectory() && readdirSync(path).every((name) => name.startsWith(".oci-enc-"));
}

function layoutFiles(round: string, layout: string): ReadonlySet<string> {
  const files = new Set<string>();
  const entries: unknown[] = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")).manifests;
  for (const entry of entries) walk(entry, files, (digest) => join(layout, "blobs", "sha256", hexOf(digest)));
  return new Set([...files].map((path) => relative(round, path)));
}

function dirFiles(round: string, directory: string): ReadonlySet<string> {
  const files = new Set([join(directory, "manifest.json"), join(directory, "version")]);
  const manifest = JSON.parse(readFileSync(join(directory, "manifest.json"), "utf8"));
  for (const child of [manifest.config, ...manifest.layers])
    walk(child, files, (digest) => join(directory, hexOf(digest)));
  return new Set([...files].map((path) => relative(round, path)));
}

/** The whole tree of the image, or one file. */
function treeFiles(round: string, path: string): ReadonlySet<string> {
  if (statSync(path).isFile()) {
    execFileSync("tar", ["-tf", path], { stdio: "ignore" });
    return new Set([relative(round, path)]);
  }
  const files = new Set<string>();
  for (const layer of [0, 1]) {
    for (let file = 0; file < 20; file += 1) {
      const name = join(path, `d${layer}`, `file-${file}`);
      if (!existsSync(name)) throw new Error(`the tree ${path} is there, and lacks ${name}`);
      files.add(relative(round, name));
    }
  }
  return files;
}

function walk(descriptor: unknown, files: Set<string>, pathOf: (digest: string) => string): void {
  const { digest, size, mediaType } = parseDescriptor(descriptor);
  const path = pathOf(digest);
  if (!existsSync(path)) throw new Error(`${path} is named and lost`);
  const bytes = readFileSync(path);
  const sum = createHash("sha256").update(bytes).digest("hex");
  if (sum !== hexOf(digest) || bytes.length !== size) throw new Error(`${path} is not what is named`);
  files.add(path);
  if (!mediaType.includes("manifest")) return;
  const { config, layers } = JSON.parse(bytes.toString());
  for (const child of [config, ...layers]) walk(child, files, pathOf);
}

function parseDescriptor(value: unknown): { digest: string; size: number; mediaType: string } {
  const member = (name: string): unknown =>
    typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  return { digest: String(member("digest")), size: Number(member("size")), mediaType: String(member("mediaType")) };
}

function hexOf(digest: string): string {
  return digest.slice("sha256:".length);
}
