import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { ByteStream } from "../bytes/byte-stream.js";
import type { ReaderProgram } from "../bytes/file-form.js";
import { OciEncError, systemCode } from "../errors.js";
import { childEnvironment } from "../process/child-environment.js";

/**
 * What an installed program decompresses. `what` is what is decompressed, for messages. CORRUPT inside the stream when the
 * program finds it damaged, UNSUPPORTED when there is no such program or it would take too much memory. The program is ended
 * when nobody reads on.
 */
export async function* throughProgram(
  bytes: ByteStream,
  { program, args, from }: ReaderProgram,
  what: string,
): AsyncGenerator<Uint8Array> {
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: childEnvironment({ kind: "system tool", program }),
  });
  const ended = new Promise<unknown>((resolve) => child.once("error", resolve).once("close", resolve));
  const said = text(child.stderr).catch(() => "");
  const feeding = feed(bytes, child.stdin).then(
    () => undefined,
    (error: unknown) => {
      child.kill();
      return { error };
    },
  );
  try {
    for await (const chunk of child.stdout) if (chunk instanceof Uint8Array) yield chunk;
    const status = await ended;
    const failed = await feeding;
    if (failed) throw failed.error;
    if (status !== 0) throw failure({ program, from, what }, status, await said);
  } finally {
    child.kill();
    child.stdin.destroy();
    await feeding;
  }
}

type Input = ReturnType<typeof spawn>["stdin"] & object;

/** A program that ends before it has read everything says why by its status. */
async function feed(bytes: ByteStream, input: Input): Promise<void> {
  input.on("error", () => input.destroy());
  for await (const chunk of bytes) {
    if (input.destroyed) return;
    if (!input.write(chunk)) await roomIn(input);
  }
  input.end();
}

/** Resolves when the program takes more, or never will. */
function roomIn(input: Input): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      input.off("drain", done).off("close", done);
      resolve();
    };
    input.on("drain", done).on("close", done);
    if (input.destroyed) done();
  });
}

function failure(
  { program, from, what }: { readonly program: string; readonly from: string; readonly what: string },
  status: unknown,
  said: string,
): OciEncError {
  if (status instanceof Error) {
    const missing = systemCode(status) === "ENOENT";
    const why = missing
      ? `there is no program ${program} here`
      : `${program} cannot be started (${systemCode(status)})`;
    return new OciEncError("UNSUPPORTED", `cannot decompress ${what}: ${why}`, {
      cause: status,
      hint: `install ${from}, or decompress the file first and name the tar archive`,
    });
  }
  const words = said.trim().split("\n")[0]?.slice(0, 200) ?? "";
  if (/memory|option/i.test(words)) {
    return new OciEncError("UNSUPPORTED", `cannot decompress ${what}: ${words}`, {
      hint: "decompress the file first, and name the tar archive",
    });
  }
  return new OciEncError("CORRUPT", `${what} is damaged: ${words || `${program} ended with ${String(status)}`}`, {
    hint: "get it again",
  });
}
