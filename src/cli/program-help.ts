import { Command as Parser } from "commander";
import { commands } from "./commands/index.js";
import { writeResult } from "./output/console/streams.js";

/** Prints the page of `oci-enc --help`; loads no more than that takes, so that it is there at once. */
export async function printProgramHelp(): Promise<void> {
  const parser = quiet(new Parser("oci-enc"))
    .usage("COMMAND [OPTIONS] [ARGUMENTS]")
    .description("Encrypts, decrypts, inspects and moves container images (OCI image encryption).")
    .option("-V, --version", "print the version")
    .commandsGroup("Other:")
    .helpCommand("help [COMMAND]", "show the help of a command");
  for (const { name, group, summary } of commands) {
    parser.addCommand(new Parser(name).usage(" ").summary(summary).helpGroup(group));
  }
  parser.addHelpText(
    "after",
    "\nOptions follow the command; oci-enc help COMMAND lists them.\nA code in an error or a warning, such as KEY_MISMATCH: oci-enc help CODE explains it.",
  );
  await writeResult(`${helpText(parser)}\n`);
}

/** Commander neither prints nor ends the process: that is the program's part. */
export function quiet(parser: Parser): Parser {
  return parser.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
}

/** The page that a parser would print. */
export function helpText(parser: Parser): string {
  let text = "";
  parser.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  parser.outputHelp();
  return text.trimEnd();
}
