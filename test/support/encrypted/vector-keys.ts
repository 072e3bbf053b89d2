import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DecryptionKey, SchemeSettings } from "../../../src/crypt/key-wrapper.js";
import type { Vector, VectorKeys } from "./vector.js";

/** The forms of key argument that the vectors use: a file, with or without a passphrase, and a provider. */
export function vectorKeys({ directory }: Pick<Vector, "directory">, { keys }: VectorKeys): Promise<DecryptionKey[]> {
  return Promise.all(
    keys.map(async (argument) => {
      const [first = "", ...rest] = argument.split(":");
      if (first === "provider") {
        return { scheme: first, value: Buffer.from(rest.join(":")), passphrase: undefined, origin: argument };
      }
      const passphrase = rest.length === 0 ? undefined : await passphraseOf(directory, rest.join(":"));
      return { scheme: undefined, value: await readFile(join(directory, first)), passphrase, origin: first };
    }),
  );
}

/** A vector's own configuration of its provider, with the places filled in that it leaves open. */
export async function vectorProvider(id: string): Promise<SchemeSettings> {
  const directory = join(process.cwd(), "test", "vectors", id);
  const template = await readFile(join(directory, "keys", "ocicrypt_keyprovider.conf"), "utf8");
  const path = join(await mkdtemp(join(tmpdir(), "oci-enc-test-")), "providers.json");
  await writeFile(path, template.replaceAll("@DIR@", directory));
  const numbers = id.endsWith("array") ? { KP_ARRAY: "1" } : {};
  return { environment: { ...process.env, ...numbers, OCICRYPT_KEYPROVIDER_CONFIG: path } };
}

async function passphraseOf(directory: string, text: string): Promise<Uint8Array> {
  if (text.startsWith("file=")) return await readFile(join(directory, text.slice("file=".length)));
  return Buffer.from(text.replace(/^pass=/, ""));
}
