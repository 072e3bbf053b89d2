import { mkdirSync } from "node:fs";
import { ioError } from "../errors.js";
import { directoryAt, partsOf } from "./places.js";
import { pathBelow, treeOnDisk } from "./rooted-file.js";

/** Makes a directory of an unpacked tree and what is missing above it, links being followed inside the tree alone. CORRUPT, LOCAL_IO. */
export function makeRootedDirectory(root: string, path: string): void {
  try {
    directoryAt(treeOnDisk(root), partsOf(Buffer.from(path).toString("latin1")), {
      make: (place) => mkdirSync(pathBelow(root, place), 0o755),
    });
  } catch (error) {
    throw ioError(error, `cannot make ${JSON.stringify(path)} in the image's file system`);
  }
}
