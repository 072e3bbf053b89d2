import { readFileSync, statSync } from "node:fs";
import type { DecryptionKey } from "../crypt/key-wrapper.js";
import { ioError } from "../errors.js";
import { listKeyDirectory } from "../keys/key-directory.js";

/** No key is nearly as large. */
const sizeLimit = 1024 * 1024;

/** The name of a passphrase's file: the key's own, and this: `node.pem.passphrase`. */
const passphraseSuffix = ".passphrase";

/**
 * The keys of a node: every file of a directory and of those below it, or the one file that `path` names. Links that lead
 * out are passed over. `KEY.passphrase` beside an encrypted `KEY` holds its passphrase, one line break at its end not
 * counted. NOT_FOUND and LOCAL_IO; KEY_INVALID when there are far too many files.
 */
export function readKeysDirectory(path: string): readonly DecryptionKey[] {
  try {
    const { files } = listKeyDirectory(path);
    const passphrases = new Set(files.filter((name) => name.endsWith(passphraseSuffix)));
    const names = files.filter((name) => !passphrases.has(name));
    return names.flatMap((name) => readKey(name, passphrases));
  } catch (error) {
    throw ioError(error, `cannot read the keys in ${JSON.stringify(path)}`);
  }
}

function readKey(name: string, passphrases: ReadonlySet<string>): readonly DecryptionKey[] {
  if (statSync(name).size > sizeLimit) return [];
  const beside = name + passphraseSuffix;
  const passphrase = passphrases.has(beside) ? withoutLineBreak(readFileSync(beside)) : undefined;
  return [{ value: readFileSync(name), passphrase, origin: name }];
}

function withoutLineBreak(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}
