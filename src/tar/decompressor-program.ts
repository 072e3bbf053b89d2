import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { ByteStream } from "../bytes/byte-stream.js";
import type { ReaderProgram } from "../bytes/file-form.js";
import { OciEncError, systemCode } from "../errors.js";
import { childEnvironment } from "../process/child-environment.js";

/**
 * Decompresses with an installed program. `what` is what is decompressed, for messages. Inside the stream: CORRUPT when the
 * program says that it is damaged, UNSUPPORTED when the program is missing, cannot run or needs too much memory, LOCAL_IO when
 * it was killed or failed without a message. The program is ended when nobody reads on.
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
  const ended = new Promise<Ending>((resolve) => {
    child.once("error", resolve).once("close", (status, signal) => resolve(signal ?? status ?? 0));
  });
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
    const ending = await ended;
    const failed = await feeding;
    if (failed) throw failed.error;
    if (ending !== 0) throw failure({ program, from, what }, ending, await said);
  } finally {
    child.kill();
    child.stdin.destroy();
    await feeding;
  }
}

/** Why it could not be started, the signal that killed it, or its exit status. */
type Ending = Error | NodeJS.Signals | number;

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

interface Attempt {
  readonly program: string;
  readonly from: string;
  readonly what: string;
}

function failure(attempt: Attempt, ending: Ending, said: string): OciEncError {
  const { program, what } = attempt;
  const message = said.trim().split("\n")[0]?.slice(0, 200) ?? "";
  if (ending instanceof Error) {
    const isMissing = systemCode(ending) === "ENOENT";
    const why = isMissing ? `${program} is not installed` : `${program} cannot be started (${systemCode(ending)})`;
    return unusable(attempt, why, ending);
  }
  // A shell script, or the loader of programs, that cannot start what it should.
  if (ending === 126 || ending === 127) return unusable(attempt, `${program} cannot run${message && `: ${message}`}`);
  if (/memory|option/i.test(message)) {
    return new OciEncError("UNSUPPORTED", `cannot decompress ${what}: ${message}`, {
      hint: "decompress the file first, and name the tar archive",
    });
  }
  if (typeof ending === "number" && message !== "") {
    return new OciEncError("CORRUPT", `${what} is damaged: ${message}`, { hint: "get it again" });
  }
  const how = typeof ending === "number" ? `failed with status ${ending} and no message` : `was killed by ${ending}`;
  return new OciEncError("LOCAL_IO", `cannot decompress ${what}: ${program} ${how}`, {
    hint: `try again, or run ${program} on the file to see what is wrong`,
  });
}

function unusable({ from, what }: Attempt, why: string, cause?: Error): OciEncError {
  return new OciEncError("UNSUPPORTED", `cannot decompress ${what}: ${why}`, {
    cause,
    hint: `install ${from}, or decompress the file first and name the tar archive`,
  });
}
