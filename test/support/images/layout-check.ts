import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openSource } from "../../../src/transport/index.js";
import { readIndex } from "../../../src/transport/layout/index/index-json.js";
import { readManifest } from "../../../src/transport/layout/manifest-file.js";
import { walkImage } from "../../../src/transport/layout/removal/walk.js";

/** The names in a layout's index; throws unless every image under them is there, down to the last byte. */
export async function checkLayout(layout: string): Promise<readonly (string | undefined)[]> {
  const { entries } = await readIndex(layout);
  for (const { descriptor } of entries) {
    await using source = await openSource(`oci:${layout}@${descriptor.digest}`);
    for await (const visit of walkImage(descriptor, (manifest) => readManifest(layout, manifest))) {
      const hash = createHash(visit.descriptor.digest.startsWith("sha512:") ? "sha512" : "sha256");
      for await (const chunk of source.blob(visit.descriptor)) hash.update(chunk);
      if (!visit.descriptor.digest.endsWith(hash.digest("hex")))
        throw new Error(`${visit.descriptor.digest} is damaged`);
    }
  }
  return entries.map((entry) => entry.name);
}

/** Throws when a file under a digest's name is not what the name says: partly written, or put there too early. */
export async function checkBlobFiles(layout: string): Promise<number> {
  const directory = join(layout, "blobs", "sha256");
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    const hex = createHash("sha256")
      .update(await readFile(join(directory, name)))
      .digest("hex");
    if (hex !== name) throw new Error(`the file ${name} has the digest ${hex}`);
  }
  return names.length;
}
