import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ioError, systemCode } from "../../errors.js";
import { keepBeginnings } from "./ingest.js";
import { type LockOptions, withLock } from "./lock.js";
import { giveSignsOfLife, isAlive, parseOwner, readToken, thisOwner } from "./owner.js";
import { leasesDirectory, makeWorkDirectory } from "./workplace.js";

/**
 * A writer's own directory in a layout. While it is there, nothing that exists in the layout is removed: the writer may
 * have found a blob present, and count on it.
 */
export interface Lease {
  /** For blobs under way; nobody else reads it. Mode 0700. */
  readonly directory: string;
  /** Removes it and all that is in it. May be called again. */
  end(): Promise<void>;
}

/** Begins a lease under the lock, so that whoever removes has either seen it or finished before. LOCAL_IO, CONFLICT. */
export async function beginLease(layout: string, options: LockOptions): Promise<Lease> {
  return await withLock(
    layout,
    async () => {
      await reclaimLeases(layout);
      const owner = await thisOwner();
      const directory = join(leasesDirectory(layout), owner.nonce);
      try {
        await makeWorkDirectory(layout, leasesDirectory(layout));
        await mkdir(directory, { mode: 0o700 });
        await writeFile(ownerFile(directory), JSON.stringify(owner), { flag: "wx", mode: 0o600 });
      } catch (error) {
        await rm(directory, { recursive: true, force: true }).catch(() => undefined);
        throw ioError(error, `cannot work in ${JSON.stringify(layout)}`);
      }
      return held(directory);
    },
    options,
  );
}

/**
 * Removes what dead writers left, but for the beginnings of blobs, and counts the living ones but for `own`. To be called
 * under the lock.
 */
export async function reclaimLeases(layout: string, own?: Lease): Promise<number> {
  const self = await thisOwner();
  let living = 0;
  for (const name of await leaseNames(layout)) {
    const directory = join(leasesDirectory(layout), name);
    if (directory === own?.directory) continue;
    const owner = parseOwner(await readToken(ownerFile(directory)).catch(() => ""));
    const alive = owner ? await isAlive(owner, self) : undefined;
    if (alive ?? (await givesSigns(directory))) {
      living += 1;
      continue;
    }
    // From one that is silent nothing is kept: were it only asleep, it would go on writing into what another uses.
    if (alive === false) await keepBeginnings(layout, directory);
    // A lease of another user may be out of reach. It is dead all the same.
    await rm(directory, { recursive: true, force: true }).catch(() => undefined);
  }
  return living;
}

/** How long a writer that cannot be seen from here may give no sign of life. */
const silenceLimit = 10 * 60_000;

function held(directory: string): Lease {
  const rest = giveSignsOfLife(ownerFile(directory));
  return {
    directory,
    async end() {
      rest();
      // What cannot be removed now, the next writer removes once this process has ended.
      await rm(directory, { recursive: true, force: true }).catch(() => undefined);
    },
  };
}

function ownerFile(directory: string): string {
  return join(directory, "owner");
}

async function leaseNames(layout: string): Promise<string[]> {
  try {
    return await readdir(leasesDirectory(layout));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw ioError(error, `cannot look into ${JSON.stringify(layout)}`);
  }
}

/** By this machine's clock. A lease without a token was never finished: leases begin under the lock, which we hold. */
async function givesSigns(directory: string): Promise<boolean> {
  const file = await stat(ownerFile(directory)).catch(() => undefined);
  return file !== undefined && Date.now() - file.mtimeMs < silenceLimit;
}
