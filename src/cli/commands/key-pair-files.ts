import { open, rm } from "node:fs/promises";
import { ioError, OciEncError, systemCode } from "../../errors.js";

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
  await writeNew(files.privateKey, pair.privatePem, 0o600);
  try {
    await writeNew(files.publicKey, pair.publicPem, 0o644);
  } catch (error) {
    await rm(files.privateKey);
    throw error;
  }
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  const name = JSON.stringify(path);
  try {
    await using file = await open(path, "wx", mode);
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw ioError(error, `cannot write ${name}`);
    throw new OciEncError("CONFLICT", `${name} exists already`, { hint: "choose another name with --out" });
  }
}
