import { fstatSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { ioError, OciEncError } from "../errors.js";

/** Where containerd puts the payload. */
const payloadDescriptor = 3;

/** Annotations fit into a manifest, and keys into a few KiB. */
const sizeLimit = 16 * 1024 * 1024;

/** The payload, whole; undefined when none was passed. CORRUPT when it is absurdly large; LOCAL_IO. */
export function readPayload(): Uint8Array | undefined {
  if (!isPassed()) return undefined;
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for (;;) {
      const part = Buffer.allocUnsafe(65_536);
      const count = readSync(payloadDescriptor, part);
      if (count === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, count));
      size += count;
      if (size > sizeLimit) throw new OciEncError("CORRUPT", `the payload has more than ${sizeLimit} bytes`);
    }
  } catch (error) {
    throw ioError(error, "cannot read the payload on descriptor 3");
  }
}

/**
 * Whether descriptor 3 was passed to this process. Otherwise Node uses it itself: for something without a file type, where
 * reading fails, or for one end of a pipe to itself, where reading would wait for ever.
 */
function isPassed(): boolean {
  try {
    const stat = fstatSync(payloadDescriptor);
    return stat.isFile() || ((stat.isFIFO() || stat.isSocket()) && !isOwnPipe());
  } catch {
    // It is not open at all.
    return false;
  }
}

/** Both ends of a pipe that Node made are open in this process, under the same name. Told where the system can tell. */
function isOwnPipe(): boolean {
  const descriptors = "/proc/self/fd";
  try {
    const own = readlinkSync(`${descriptors}/${payloadDescriptor}`);
    const others = readdirSync(descriptors).filter((name) => Number(name) > payloadDescriptor);
    return others.some((name) => linkOf(`${descriptors}/${name}`) === own);
  } catch {
    // Without /proc there is nothing to go by but the type.
    return false;
  }
}

/** Undefined for one that has been closed meanwhile: that of the listing itself. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
