import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import type { DecryptionKey } from "../crypt/key-wrapper.js";
import { ioError, OciEncError } from "../errors.js";

/** More files than any set of keys has. */
const fileLimit = 1000;

/** No key comes near it. */
const sizeLimit = 1024 * 1024;

/** What holds the passphrase of the key that is named before it: `node.pem.passphrase`. */
const passphraseSuffix = ".passphrase";

/**
 * The keys of a node: every file of a directory and of those below it, each once, or the one file that `path` names. Links
 * are followed as long as they stay inside, as those do that Kubernetes makes for a mounted secret; others are passed
 * over, and so is anything that is no file. `KEY.passphrase` beside an encrypted `KEY` holds its passphrase, one line
 * break at its end not counted. NOT_FOUND and LOCAL_IO for `path` itself; KEY_INVALID when there are far too many files.
 */
export async function readKeysDirectory(path: string): Promise<readonly DecryptionKey[]> {
  try {
    const root = realpathSync(path);
    const files = statSync(root).isDirectory() ? filesBelow(root) : new Map([[root, path]]);
    const passphrases = new Map(
      [...files].flatMap(([place, name]) => (name.endsWith(passphraseSuffix) ? [[name, place] as const] : [])),
    );
    return [...files]
      .filter(([, name]) => !name.endsWith(passphraseSuffix))
      .flatMap(([place, name]) => keyIn(place, name, passphrases.get(name + passphraseSuffix)));
  } catch (error) {
    throw ioError(error, `cannot read the keys in ${JSON.stringify(path)}`);
  }
}

/** Places by real path, each with the first name it was found under. */
function filesBelow(root: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const seen = new Set<string>();
  const visit = (path: string) => {
    const place = realPath(path);
    if (place === undefined || !(place + sep).startsWith(root + sep)) return;
    const stat = statSync(place);
    if (stat.isFile() && !found.has(place)) found.set(place, path);
    if (found.size > fileLimit) throw new OciEncError("KEY_INVALID", `more than ${fileLimit} files as keys`);
    if (!stat.isDirectory() || seen.has(place)) return;
    seen.add(place);
    for (const name of readdirSync(path).sort()) visit(join(path, name));
  };
  visit(root);
  return found;
}

/** Undefined for a link that leads nowhere. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function keyIn(place: string, name: string, passphrase: string | undefined): readonly DecryptionKey[] {
  if (statSync(place).size > sizeLimit) return [];
  const given = passphrase === undefined ? undefined : withoutLineBreak(readFileSync(passphrase));
  return [{ scheme: undefined, value: readFileSync(place), passphrase: given, origin: name }];
}

function withoutLineBreak(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}
