import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { ioError, OciEncError, systemCode } from "../../../errors.js";

/** No key, certificate or passphrase is nearly as large. */
const sizeLimit = 2 ** 20;

/** How long a pipe may keep us waiting. */
const patience = 10_000;

/**
 * Reads a file that was given as a key or a passphrase, or a pipe that a shell's `<(…)` has made. NOT_FOUND and LOCAL_IO
 * as the system says; KEY_INVALID for a directory, a device, more than 1 MiB, and a pipe that stays empty. `name` is for
 * messages.
 */
export async function readSecretFile(
  path: string,
  signal?: AbortSignal,
  name: string = JSON.stringify(path.slice(0, 300)),
): Promise<Uint8Array> {
  try {
    // Without O_NONBLOCK, opening a pipe without a writer would wait for ever.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (stat.isFile()) return await readFile(file, name);
    if (stat.isFIFO()) return await readPipe(file, name, signal);
    throw new OciEncError("KEY_INVALID", `${name} is a ${stat.isDirectory() ? "directory" : "device"}, not a file`);
  } catch (error) {
    const failure = ioError(error, `cannot read ${name}`);
    throw failure.code === "NOT_FOUND" ? failure.with({ hint: (await addressHint(path)) ?? failure.hint }) : failure;
  }
}

/** Where a key is that was given as an address, and not as a file: `awskms://…`. Undefined: it is not an address. */
export async function addressHint(text: string): Promise<string | undefined> {
  if (!text.includes("://")) return undefined;
  const { foreignForm } = await import("../../../keys/foreign-form.js");
  return foreignForm(Buffer.from(text))?.hint;
}

async function readFile(file: FileHandle, name: string): Promise<Uint8Array> {
  const parts = [];
  let size = 0;
  for (;;) {
    const part = Buffer.alloc(Math.min(65_536, sizeLimit + 1 - size));
    const { bytesRead } = await file.read(part);
    if (bytesRead === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, bytesRead));
    size += bytesRead;
    checkSize(size, name);
  }
}

/** Asked again and again, since neither an empty pipe nor one without a writer makes a read wait. */
async function readPipe(file: FileHandle, name: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const parts = [];
  const end = performance.now() + patience;
  let size = 0;
  for (;;) {
    const part = Buffer.alloc(65_536);
    const bytesRead = await readNow(file, part);
    if (bytesRead === 0 && size > 0) return Buffer.concat(parts);
    if (bytesRead !== undefined && bytesRead > 0) {
      parts.push(part.subarray(0, bytesRead));
      size += bytesRead;
      checkSize(size, name);
      continue;
    }
    if (performance.now() > end) {
      throw new OciEncError("KEY_INVALID", `${name} is a pipe, and nothing more came in ${patience / 1000} seconds`);
    }
    await delay(20, undefined, { signal });
  }
}

/** 0: no writer is left, or none has come yet. Undefined: there is one, and it has written nothing more. */
async function readNow(file: FileHandle, part: Buffer): Promise<number | undefined> {
  try {
    return (await file.read(part)).bytesRead;
  } catch (error) {
    if (systemCode(error) === "EAGAIN") return undefined;
    throw error;
  }
}

function checkSize(size: number, name: string): void {
  if (size > sizeLimit) throw new OciEncError("KEY_INVALID", `${name} is larger than 1 MiB: that is not a key`);
}
