import { readdir } from "node:fs/promises";
import { isAbsolute, join, normalize } from "node:path";

/**
 * The files that an entry of `imports` names, as containerd reads it: relative to the directory of the file it stands in, and with
 * `*`, `?` and `[…]` only where there is a `*`. A pattern that fits nothing names none; a plain name is not looked up.
 */
export async function importedFiles(entry: string, directory: string): Promise<readonly string[]> {
  const path = normalize(isAbsolute(entry) ? entry : join(directory, entry));
  if (!path.includes("*")) return [path];
  let found: readonly string[] = [path.startsWith("/") ? "/" : ""];
  for (const part of path.split("/").filter((name) => name !== "")) {
    const next = await Promise.all(found.map((parent) => namesIn(parent, part)));
    found = next.flat();
  }
  return found;
}

async function namesIn(parent: string, part: string): Promise<readonly string[]> {
  if (!/[*?[]/.test(part)) return [join(parent, part)];
  const fits = expressionOf(part);
  // What is not there, or cannot be listed, has no files that fit.
  const names = await readdir(parent === "" ? "." : parent).catch((): string[] => []);
  return names
    .filter((name) => fits.test(name))
    .sort()
    .map((name) => join(parent, name));
}

function expressionOf(part: string): RegExp {
  const source = part.replace(/\[\^?[^\]]*\]|[\\^$.*+?()[\]{}|]/g, (one) => {
    if (one === "*") return ".*";
    if (one === "?") return ".";
    return one.length > 1 ? one : `\\${one}`;
  });
  return new RegExp(`^${source}$`, "s");
}
