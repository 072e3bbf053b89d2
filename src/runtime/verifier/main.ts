import { writeText } from "../../decoder/standard-streams.js";
import { defaultVerifierRules } from "./read-rules.js";
import { callOptions } from "./request.js";
import { runVerifier, type Verdict } from "./run-verifier.js";

const help = `oci-enc-image-verifier -name REF -digest DIGEST -stdin-media-type TYPE [--config FILE]

Judges an image for containerd before a layer of it is pulled (containerd's image-verification.md): its descriptor on
standard input, the reason on standard output, status 0 for an image that may be pulled, and 1 for any other.

Options:
  -name REF                 the reference that was asked for
  -digest DIGEST            what containerd has resolved it to
  -stdin-media-type TYPE    of standard input
  -operation pull|run       why it is asked
  --config FILE             the rules; default ${defaultVerifierRules}
  --help                    show this help
`;

/** The process: arguments in, the reason and the exit status out, and never another status than 0 or 1. */
async function main(args: readonly string[]): Promise<Verdict | "help"> {
  if (args.length === 1 && /^--?h(?:elp)?$/.test(args[0] ?? "")) return "help";
  const given = readArguments(args);
  if (typeof given === "string") return { allowed: false, reason: given };
  return await runVerifier({
    name: given.get("name"),
    digest: given.get("digest"),
    stdinMediaType: given.get("stdin-media-type"),
    operation: given.get("operation"),
    config: given.get("config"),
    input: process.stdin,
    log: (lines) => process.stderr.write(lines),
  });
}

const options: ReadonlySet<string> = new Set([...callOptions, "config"]);

/** With one dash, as containerd writes them, or two. A text: why they are refused. */
function readArguments(args: readonly string[]): ReadonlyMap<string, string> | string {
  const given = new Map<string, string>();
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, name = "", , written] = /^--?([a-z-]+)(=(.*))?$/s.exec(word) ?? [];
    const shown = JSON.stringify(word.slice(0, 100));
    if (!options.has(name))
      return `unknown argument ${shown}: see whether there is a newer oci-enc for this containerd`;
    const value = written ?? rest.shift();
    if (value === undefined) return `${shown} has no value`;
    if (given.has(name)) return `${shown} is there twice`;
    given.set(name, value);
  }
  return given;
}

const outcome = await main(process.argv.slice(2));
const text = outcome === "help" ? help : `${outcome.reason}\n`;
// Whoever has asked is gone where this fails, and nobody has let the image in.
const written = await writeText(text).then(
  () => true,
  () => false,
);
// At once: what is still going on after a verdict, as after the time is over, is of no use.
process.exit(written && (outcome === "help" || outcome.allowed) ? 0 : 1);
