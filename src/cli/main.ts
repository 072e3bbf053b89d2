import { shownMessage } from "../errors.js";

/**
 * The process: signals in, exit status out. Everything else is loaded when it is needed, so that `--version` and `--help`
 * cost little more than Node itself.
 */
async function main(args: readonly string[]): Promise<number> {
  if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
    const { printVersion } = await import("./version.js");
    return printVersion();
  }
  if (args.length === 1 && (args[0] === "--help" || args[0] === "-h")) {
    const { printProgramHelp } = await import("./program-help.js");
    await printProgramHelp();
    return 0;
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

// Whoever writes is told by the write itself; a reader who has gone away is no failure at all.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

// Nothing should come here: runProgram reports every failure that a command's promise carries.
process.on("uncaughtException", (error) => {
  process.stderr.write(`oci-enc: a bug in oci-enc: ${JSON.stringify(shownMessage(error))}\n  hint: please report it\n`);
  process.exit(1);
});

process.exitCode = await main(process.argv.slice(2));
