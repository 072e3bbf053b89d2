import { readFile, stat } from "node:fs/promises";
import type { DecryptionKey } from "../crypt/key-wrapper.js";
import { listKeyDirectory } from "../crypt/keys/key-directory.js";
import { ioError } from "../errors.js";

/** No key comes near it. */
const sizeLimit = 1024 * 1024;

/** What holds the passphrase of the key that is named before it: `node.pem.passphrase`. */
const passphraseSuffix = ".passphrase";

/**
 * The keys of a node: every file of a directory and of those below it, or the one file that `path` names. Links that lead
 * out are passed over. `KEY.passphrase` beside an encrypted `KEY` holds its passphrase, one line break at its end not
 * counted. NOT_FOUND and LOCAL_IO; KEY_INVALID when there are far too many files.
 */
export async function readKeysDirectory(path: string): Promise<readonly DecryptionKey[]> {
  try {
    const { files } = await listKeyDirectory(path);
    const passphrases = new Set(files.filter((name) => name.endsWith(passphraseSuffix)));
    const names = files.filter((name) => !passphrases.has(name));
    return (await Promise.all(names.map((name) => readKey(name, passphrases)))).flat();
  } catch (error) {
    throw ioError(error, `cannot read the keys in ${JSON.stringify(path)}`);
  }
}

async function readKey(name: string, passphrases: ReadonlySet<string>): Promise<readonly DecryptionKey[]> {
  if ((await stat(name)).size > sizeLimit) return [];
  const beside = name + passphraseSuffix;
  const passphrase = passphrases.has(beside) ? withoutLineBreak(await readFile(beside)) : undefined;
  return [{ scheme: undefined, value: await readFile(name), passphrase, origin: name }];
}

function withoutLineBreak(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}
