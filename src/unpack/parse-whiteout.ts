import { OciEncError } from "../errors.js";
import { shownName } from "../tar/tar-member.js";

/** What the name of a member hides of lower layers. Image-spec, "layer", section Whiteouts. */
export type Whiteout =
  /** Nothing: it is a member like any other. */
  | { readonly kind: "none" }
  /** Hide one name of a directory. */
  | { readonly kind: "file"; readonly directory: readonly string[]; readonly name: string }
  /** Hide everything in a directory. */
  | { readonly kind: "opaque"; readonly directory: readonly string[] }
  /** A file that the aufs storage driver kept for itself. */
  | { readonly kind: "leftover" };

const prefix = ".wh.";
const reserved = ".wh..wh.";
const opaque = ".wh..wh..opq";

/** Reads the parts of a name. CORRUPT for a whiteout of nothing that can be hidden. */
export function parseWhiteout(parts: readonly string[]): Whiteout {
  const directory = parts.slice(0, -1);
  const last = parts.at(-1) ?? "";
  if (directory.some((part) => part.startsWith(reserved))) return { kind: "leftover" };
  if (directory.some((part) => part.startsWith(prefix))) throw invalidWhiteout(parts);
  if (last === opaque) return { kind: "opaque", directory };
  if (last.startsWith(reserved)) return { kind: "leftover" };
  if (!last.startsWith(prefix)) return { kind: "none" };
  const name = last.slice(prefix.length);
  // These would hide the directory itself, or what is above it.
  if (name === "" || name === "." || name === "..") throw invalidWhiteout(parts);
  return { kind: "file", directory, name };
}

function invalidWhiteout(parts: readonly string[]): OciEncError {
  return new OciEncError(
    "CORRUPT",
    `the whiteout ${shownName(parts.join("/"))} in a layer is not valid: it names nothing that can be hidden`,
  );
}
