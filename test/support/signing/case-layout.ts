import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { registryCases, signedVectors } from "./signed-vectors.js";

/** Writes a case of registry-cases.json as a layout, its tags as names: the reference of the image. */
export function caseLayout(id: string, directory: string): string {
  const found = registryCases().find((one) => one.id === id);
  if (found === undefined) throw new Error(`there is no case ${id}`);
  mkdirSync(directory, { recursive: true });
  cpSync(join(signedVectors, "registry", "blobs"), join(directory, "blobs"), { recursive: true });
  const manifests = Object.entries(found.tags).map(([tag, descriptor]) => ({
    ...descriptor,
    annotations: { "org.opencontainers.image.ref.name": tag },
  }));
  writeFileSync(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  writeFileSync(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return `oci:${directory}:v1`;
}
