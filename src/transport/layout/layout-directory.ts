import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { ioError, OciEncError, systemCode } from "../../errors.js";
import { memberOf, parseJson } from "../../oci/json-text.js";
import { workDirectoryName } from "./lock/work-directory.js";
import { findRegular, readRegular } from "./regular-file.js";

/** The file that says that a directory is a layout, and what stands in it. Image-spec, "image-layout". */
export const markerName = "oci-layout";
export const markerText: string = JSON.stringify({ imageLayoutVersion: "1.0.0" });

/** The real path of a layout. NOT_FOUND when there is none, UNSUPPORTED when it is of another version, CORRUPT. */
export async function findLayout(directory: string): Promise<string> {
  const real = await realDirectory(directory);
  if (!real || !(await isLayout(real))) {
    throw new OciEncError("NOT_FOUND", `${JSON.stringify(directory)} is not an OCI image layout`, {
      hint: real ? `a layout is a directory with a file ${markerName} in it` : "there is no such directory",
    });
  }
  return real;
}

/** What a writer may find: nothing, a directory to be filled, or a layout. CONFLICT, before any work, for anything else. */
export async function checkRoom(directory: string): Promise<"absent" | "empty" | "layout"> {
  const real = await realDirectory(directory);
  if (!real) return "absent";
  if (await isLayout(real)) return "layout";
  const names = await readdir(real).catch((error: unknown) => {
    throw ioError(error, `cannot look into ${JSON.stringify(directory)}`);
  });
  if (names.every((name) => name === workDirectoryName)) return "empty";
  // Another writer may have begun it between the two looks.
  if (names.includes(markerName) && (await isLayout(real))) return "layout";
  throw new OciEncError("CONFLICT", `${JSON.stringify(directory)} is neither empty nor an OCI image layout`, {
    hint: "choose another directory",
  });
}

async function isLayout(directory: string): Promise<boolean> {
  if (!(await findRegular(directory, markerName))) return false;
  await checkMarker(directory);
  return true;
}

/** Larger than any tool writes it. */
const markerLimit = 64 * 1024;

async function realDirectory(directory: string): Promise<string | undefined> {
  try {
    const real = await realpath(directory);
    if ((await stat(real)).isDirectory()) return real;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw ioError(error, `cannot look into ${JSON.stringify(directory)}`);
  }
  throw new OciEncError("CONFLICT", `${JSON.stringify(directory)} is a file, not a directory`, {
    hint: "an archive is written oci-archive:FILE or docker-archive:FILE",
  });
}

async function checkMarker(directory: string): Promise<void> {
  const what = JSON.stringify(join(directory, markerName));
  const { root } = parseJson(await readRegular(directory, markerName, markerLimit), what);
  const version = memberOf(root, "imageLayoutVersion");
  if (version?.kind !== "string") throw new OciEncError("CORRUPT", `${what} has no imageLayoutVersion`);
  if (version.value === "1.0.0") return;
  throw new OciEncError(
    "UNSUPPORTED",
    `${what} says version ${JSON.stringify(version.value.slice(0, 80))}, not "1.0.0"`,
  );
}
