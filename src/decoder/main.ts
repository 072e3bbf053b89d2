import { constants } from "node:os";
import { OciEncError } from "../errors.js";
import { failureLines } from "./failure.js";
import { holdOutput } from "./hold-output.js";
import { type DecoderOptions, runDecoder } from "./run-decoder.js";
import { writeText } from "./standard-streams.js";

const help = `ctd-decoder [OPTIONS]

Decrypts one image layer, as a stream processor of containerd: the encrypted layer on standard input, the payload on
descriptor 3, the plain layer on standard output. Without a payload, as containerd's transfer service and Docker start it, the
layer's wrapped keys are looked up in containerd's content store. Ends with 0, or with 1 and "CODE: message" on standard error.

Options:
  --decryption-keys-path DIR   the node's private keys: every file of a directory, or one file
  --content-root DIR           the root of containerd's configuration, where it is not a usual one
  --help                       show this help
`;

/** The process: arguments in, exit status out, and never another than 0, 1, or 128 and the number of a signal. */
async function main(args: readonly string[]): Promise<void> {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => {
      process.stderr.write(failureLines(new OciEncError("ABORTED", `interrupted by ${name}`)));
      // At once: the layer may be waiting for bytes that never come, and there is nothing to clean up.
      process.exit(128 + constants.signals[name]);
    });
  }
  const asked = readArguments(args);
  if (asked === "help") await writeText(help);
  else await runDecoder(asked);
}

/** Both `--option value` and `--option=value`, with one dash or two, as imgcrypt's ctd-decoder takes them. USAGE. */
function readArguments(args: readonly string[]): "help" | DecoderOptions {
  const given = new Map<string, string>();
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, name = "", , value] = /^--?([a-z-]+)(=(.*))?$/s.exec(word) ?? [];
    if (name === "help" || name === "h") return "help";
    if (directories.has(name)) {
      const directory = value ?? rest.shift();
      if (!directory) throw new OciEncError("USAGE", `--${name} names no directory`);
      given.set(name, directory);
    }
    // An argument without a dash is ignored, as ctd-decoder ignores it.
    else if (word.startsWith("-"))
      throw new OciEncError("USAGE", `unknown option ${JSON.stringify(word.slice(0, 100))}`);
  }
  return { keysPath: given.get("decryption-keys-path"), contentRoot: given.get("content-root") };
}

const directories: ReadonlySet<string> = new Set(["decryption-keys-path", "content-root"]);

main(process.argv.slice(2)).catch((error: unknown) => {
  holdOutput();
  process.stderr.write(failureLines(error));
  process.exitCode = 1;
});
