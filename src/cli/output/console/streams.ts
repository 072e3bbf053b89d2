import { ioError, OciEncError } from "../../../errors.js";

/** Writes a text whole. A reader who has gone away has seen enough; LOCAL_IO when the disk behind it is full. */
export async function writeResult(text: string): Promise<void> {
  await write(text).catch((error: unknown) => {
    if (!isClosedPipe(error)) throw ioError(error, "cannot write to standard output");
  });
}

/** Writes content, of which a part is worth nothing: ABORTED when its reader has gone away; LOCAL_IO. */
export async function writeContent(bytes: Uint8Array): Promise<void> {
  await write(bytes).catch((error: unknown) => {
    if (!isClosedPipe(error)) throw ioError(error, "cannot write to standard output");
    throw new OciEncError("ABORTED", "the reader of standard output has gone", { cause: error });
  });
}

async function write(data: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

/** Writes lines for the person at the keyboard. */
export function writeNews(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Whether somebody stopped reading what we write. */
export function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}
