import { ioError, machineFailure, OciEncError, shownMessage, systemCode } from "../errors.js";

/**
 * The process: signals in, exit status out. Everything else is loaded when it is needed, so that `--version` and `--help`
 * cost little more than Node itself.
 */
async function main(args: readonly string[]): Promise<number> {
  if (args[0] === "__complete") {
    const { printCandidates } = await import("./completion/candidates.js");
    return await printPage(() => printCandidates(args.slice(1)));
  }
  const [word] = args;
  if (word !== undefined && args.length === 1) {
    const { pages } = await import("./help/pages.js");
    const page = pages.get(word);
    if (page) return await printPage(page);
  }
  const { watchSignals } = await import("./signals.js");
  const signals = watchSignals();
  try {
    const { runProgram } = await import("./program.js");
    return await runProgram(args, signals);
  } finally {
    signals.release();
  }
}

async function printPage(print: () => Promise<void>): Promise<number> {
  try {
    await print();
    return 0;
  } catch (error) {
    return tell(error);
  }
}

/** For what is thrown where the program's own report cannot be had any more; gives the status. */
function tell(thrown: unknown): number {
  const { message, hint, exitStatus } = machineFailure(thrown) ?? bug(thrown);
  process.stderr.write(`oci-enc: ${message}\n${hint === undefined ? "" : `  hint: ${hint}\n`}`);
  return exitStatus;
}

function bug(thrown: unknown): OciEncError {
  const what = thrown instanceof Error ? shownMessage(thrown) : `a thrown ${typeof thrown}`;
  return new OciEncError("INTERNAL", `a bug in oci-enc: ${JSON.stringify(what)}`, { hint: "please report it" });
}

/** What could not be written to standard output or standard error. That a reader has gone away is not a failure. */
let lost: unknown;

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error) => {
    if (systemCode(error) !== "EPIPE") lost ??= error;
  });
}

// Nothing should come here: runProgram reports every failure that a command's promise carries.
process.on("uncaughtException", (error) => {
  process.exit(tell(error));
});

const status = await main(process.argv.slice(2)).catch(tell);
// An error of a stream is told a turn later than the call that met it.
await new Promise(setImmediate);
process.exitCode =
  status === 0 && lost !== undefined ? tell(ioError(lost, "cannot write all that there was to say")) : status;
