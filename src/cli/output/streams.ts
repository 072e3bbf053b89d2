import { ioError } from "../../errors.js";

/** Writes a result whole. A reader who has gone away ends it quietly; LOCAL_IO when the disk behind it is full. */
export async function writeResult(data: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(data, (error) => {
      if (!error || isClosedPipe(error)) resolve();
      else reject(ioError(error, "cannot write to standard output"));
    });
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
