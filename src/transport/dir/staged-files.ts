import { lstat, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ioError } from "../../errors.js";
import { createDraft } from "../../files/durable-file.js";
import { startHeartbeat } from "../../files/heartbeat.js";
import { draftName } from "../../files/maker-mark.js";
import type { WritableFile } from "../../files/write-file.js";

/**
 * Files of a directory that are whole and on the disk, but have no names of their own before the commit: of a command that
 * is killed nothing stays that others would take for part of an image, and its drafts tell that they are abandoned.
 */
export class StagedFiles {
  readonly #directory: string;
  readonly #staged = new Map<string, { readonly path: string; readonly rest: () => void }>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  get names(): readonly string[] {
    return [...this.#staged.keys()];
  }

  /** Where a file is to be read for now: the one that was staged, or what has that name. */
  pathOf(name: string): string {
    return this.#staged.get(name)?.path ?? join(this.#directory, name);
  }

  /** The size of a regular file that is staged or there; undefined: there is none. */
  async sizeOf(name: string): Promise<number | undefined> {
    const stats = await lstat(this.pathOf(name)).catch(() => undefined);
    return stats?.isFile() ? stats.size : undefined;
  }

  /** Writes a file, and keeps it under the name that `write` gives it; `mode` as for a draft. LOCAL_IO, and what `write` throws. */
  async add(write: (file: WritableFile) => Promise<string>, mode?: number): Promise<void> {
    await using draft = await createDraft(this.#directory);
    const name = await write(draft);
    const path = join(this.#directory, await draftName());
    await draft.publish(path, mode);
    const before = this.#staged.get(name);
    this.#staged.set(name, { path, rest: startHeartbeat(path) });
    if (before) await drop(before);
  }

  /** Gives all of them their names. To make these durable, sync the directory. LOCAL_IO. */
  async publish(): Promise<void> {
    for (const [name, { path, rest }] of this.#staged) {
      await rename(path, join(this.#directory, name)).catch((error: unknown) => {
        throw ioError(error, `cannot write ${join(this.#directory, name)}`);
      });
      rest();
      this.#staged.delete(name);
    }
  }

  /** Removes what has not been published. LOCAL_IO. */
  async clear(): Promise<void> {
    for (const [name, staged] of this.#staged) {
      await drop(staged);
      this.#staged.delete(name);
    }
  }
}

async function drop({ path, rest }: { readonly path: string; readonly rest: () => void }): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => {
    throw ioError(error, `cannot remove ${path}`);
  });
  rest();
}
