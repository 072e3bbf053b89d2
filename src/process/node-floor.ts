import { readFileSync } from "node:fs";
import { OciEncError } from "../errors.js";

// Imported by each entry point before anything else: a Node that is too old would fail later, and refuse good keys.
const needed = neededNode();
if (needed !== undefined && isOlder(process.versions.node, needed)) {
  throw new OciEncError("UNSUPPORTED", `Node ${needed} or later is needed, and this is Node ${process.versions.node}`);
}

/** What package.json asks for (`engines`). Undefined where that file is not there, as in a bundle. */
function neededNode(): string | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    if (member(manifest, "name") !== "oci-enc") return undefined;
    return /[\d.]+/.exec(String(member(member(manifest, "engines"), "node")))?.[0];
  } catch {
    return undefined;
  }
}

/** By the first two numbers of both. */
function isOlder(version: string, floor: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [floorMajor = 0, floorMinor = 0] = floor.split(".").map(Number);
  return major < floorMajor || (major === floorMajor && minor < floorMinor);
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
