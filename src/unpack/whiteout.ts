import { OciEncError } from "../errors.js";
import { shownName } from "../tar/tar-member.js";

/** What a member's name says about lower layers. Image-spec, "layer", section Whiteouts. */
export type Whiteout =
  /** Nothing: it is a member like any other. */
  | { readonly kind: "none" }
  /** Hide one name of a directory. */
  | { readonly kind: "file"; readonly directory: readonly string[]; readonly name: string }
  /** Hide everything in a directory. */
  | { readonly kind: "opaque"; readonly directory: readonly string[] }
  /** Of aufs, which kept files of its own under such names. */
  | { readonly kind: "leftover" };

const prefix = ".wh.";
const reserved = ".wh..wh.";
const opaque = ".wh..wh..opq";

/** Reads the parts of a name. CORRUPT for a marker that hides nothing that could be hidden. */
export function readWhiteout(parts: readonly string[]): Whiteout {
  const directory = parts.slice(0, -1);
  const last = parts.at(-1) ?? "";
  if (directory.some((part) => part.startsWith(reserved))) return { kind: "leftover" };
  if (directory.some((part) => part.startsWith(prefix))) throw senseless(parts);
  if (last === opaque) return { kind: "opaque", directory };
  if (last.startsWith(reserved)) return { kind: "leftover" };
  if (!last.startsWith(prefix)) return { kind: "none" };
  const name = last.slice(prefix.length);
  // These would hide the directory itself, or what is above it.
  if (name === "" || name === "." || name === "..") throw senseless(parts);
  return { kind: "file", directory, name };
}

function senseless(parts: readonly string[]): OciEncError {
  return new OciEncError(
    "CORRUPT",
    `the whiteout ${shownName(parts.join("/"))} in a layer hides nothing that may be hidden`,
  );
}
