import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { writeResult } from "./output/console/streams.js";

/** Prints the line of `--version`. */
export async function printVersion(): Promise<void> {
  await writeResult(`oci-enc ${version()}\n`);
}

/** As package.json has it, found by the package's own name: compiled files are at more than one depth. */
function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(fileURLToPath(import.meta.resolve("oci-enc/package.json")), "utf8"),
  );
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) return String(manifest.version);
  throw new Error("package.json has no version");
}
