import { rm } from "node:fs/promises";
import { writeNewFile } from "../../output/new-file.js";

const hint = "choose another name with --out";

/** Where the two halves of a key pair are written. */
export interface KeyPairFiles {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** The two halves, as text. */
interface KeyPairTexts {
  readonly privatePem: string;
  readonly publicPem: string;
}

/** Writes both files, or none. The private one is readable by its owner alone. CONFLICT for a file that exists; LOCAL_IO. */
export async function writeKeyPair(files: KeyPairFiles, pair: KeyPairTexts): Promise<void> {
  await writeNewFile(files.privateKey, pair.privatePem, { mode: 0o600, hint });
  try {
    await writeNewFile(files.publicKey, pair.publicPem, { mode: 0o644, hint });
  } catch (error) {
    await rm(files.privateKey);
    throw error;
  }
}
