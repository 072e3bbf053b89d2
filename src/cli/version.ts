import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Prints the line of `--version`. */
export function printVersion(): number {
  process.stdout.write(`oci-enc ${version()}\n`);
  return 0;
}

/** As package.json has it, found by the package's own name: compiled files lie at more than one depth. */
function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(fileURLToPath(import.meta.resolve("oci-enc/package.json")), "utf8"),
  );
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) return String(manifest.version);
  throw new Error("package.json has no version");
}
