import type { ByteStream } from "../../bytes/byte-stream.js";
import { OciEncError } from "../../errors.js";

type Side = "source" | "target";

/** Runs `work`, and says of an error that comes out of it at which end it happened. */
export async function onSide<T>(side: Side, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw sided(side, error);
  }
}

/** The same for a stream. */
export async function* streamOnSide(side: Side, bytes: ByteStream): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw sided(side, error);
  }
}

function sided(side: Side, error: unknown): unknown {
  if (!(error instanceof OciEncError) || error.side !== undefined || error.code === "ABORTED") return error;
  return error.with({ side });
}
