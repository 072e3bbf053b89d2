import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** As package.json has it, found by the package's own name: compiled files are at more than one depth. */
export function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(fileURLToPath(import.meta.resolve("oci-enc/package.json")), "utf8"),
  );
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) return String(manifest.version);
  throw new Error("package.json has no version");
}
