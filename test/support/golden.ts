import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { testVariable } from "./process/test-variables.js";

const folder = join(process.cwd(), "test", "e2e", "golden");

/**
 * Compares a text with the golden file at `path` in test/e2e/golden. `OCI_ENC_GOLDEN=write` writes the file anew; read the
 * difference before it is committed.
 */
export async function assertGolden(path: string, told: string): Promise<void> {
  const file = join(folder, path);
  if (testVariable("OCI_ENC_GOLDEN") === "write") {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, told);
  }
  assert.equal(told, await readFile(file, "utf8"));
}

/** What differs from run to run in one form: directories, digests of sealed blobs, new key ids, sizes of manifests. */
export function settled(text: string, { scratch, registry }: { scratch: string; registry: string }): string {
  const names = new Map<string, string>();
  const named = text
    .replaceAll(scratch, "SCRATCH")
    .replaceAll(/(?<=sha256:)[0-9a-f]{12}(?![0-9a-f])/g, "z".repeat(12))
    .replaceAll(registry, "REGISTRY")
    .replaceAll(/(?<=sha256[:-])[0-9a-f]{64}/gi, (hex) => {
      const name = names.get(hex) ?? `${names.size}`.padStart(64, "x");
      names.set(hex, name);
      return name;
    })
    .replaceAll(/(?<=key id is |thumbprint": "|kid=|"id": "| {2}|jwe:)[\w-]{43}(?![\w-])/g, "y".repeat(43));
  return named === "" || named.endsWith("\n") ? named : `${named}\n`;
}
