import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What to leave out of a listing. */
export interface ListingOptions {
  /** Owners cannot be compared where one of two trees was unpacked without root. */
  readonly owners?: boolean;
  /** Extended attributes are read with `getfattr`. */
  readonly xattrs?: boolean;
}

/**
 * Every file below a directory, one line each, sorted: type, mode, owner, link count, size, device, modification time in
 * microseconds, link target, content and extended attributes. Names and targets are bytes, shown as latin1.
 */
export function treeListing(root: string, { owners = true, xattrs = true }: ListingOptions = {}): readonly string[] {
  const lines: string[] = [];
  const visit = (path: Buffer, name: string) => {
    lines.push(lineOf(path, name, owners));
    if (!lstatSync(path).isDirectory()) return;
    for (const child of readdirSync(path, "buffer")) {
      visit(Buffer.concat([path, Buffer.from("/"), child]), `${name}/${child.toString("latin1")}`);
    }
  };
  visit(Buffer.from(root), ".");
  return [...lines.sort(), ...(xattrs ? xattrLines(root) : [])];
}

function lineOf(path: Buffer, name: string, owners: boolean): string {
  const stat = lstatSync(path, { bigint: true });
  const type = (Number(stat.mode) & 0o170000).toString(8);
  const mode = (Number(stat.mode) & 0o7777).toString(8);
  const content = stat.isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : "";
  const target = stat.isSymbolicLink() ? readlinkSync(path, "buffer").toString("latin1") : "";
  const parts = {
    type,
    mode,
    ...(owners && { owner: `${stat.uid}:${stat.gid}` }),
    // A directory's count and size are the file system's affair.
    ...(!stat.isDirectory() && { links: stat.nlink, size: stat.size, device: stat.rdev }),
    // The root's time is whatever its tool was doing last.
    ...(name !== "." && { time: stat.mtimeNs / 1000n }),
    target,
    content,
  };
  const described = Object.entries(parts).map(([key, value]) => `${key}=${value}`);
  return `${name} ${described.join(" ")}`;
}

function xattrLines(root: string): readonly string[] {
  const dump = execFileSync("getfattr", ["-R", "-P", "-h", "-d", "-m", "-", "-e", "base64", "."], { cwd: root });
  return dump
    .toString("latin1")
    .split("\n\n")
    .map((part) => part.split("\n").sort().join(" "))
    .sort();
}
