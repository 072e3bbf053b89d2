import { OciEncError } from "../../../errors.js";
import type { Invocation } from "../../commands/command.js";
import type { PassphraseSource } from "./key-spec.js";
import { readSecretDescriptor } from "./secret-descriptor.js";
import { readSecretFile } from "./secret-file.js";
import { hasTerminal, promptSecret } from "./terminal-prompt.js";

/** Fetches the passphrases of one command line. */
export interface Passphrases {
  /** Undefined: none was given for the key `name`. Throws KEY_INVALID and USAGE when the source cannot be used. */
  read(source: PassphraseSource, name: string): Promise<Uint8Array | undefined>;
  /** Asks at the terminal; undefined where there is none. */
  ask(name: string): Promise<Uint8Array | undefined>;
}

/** Remembers which descriptors have been read: one that is named twice would give an empty passphrase the second time. */
export function passphraseReader({ signal, progress }: Pick<Invocation, "signal" | "progress">): Passphrases {
  const used = new Set<number>();
  const prompt = (name: string) =>
    promptSecret({ ...passphraseOfKey, question: `passphrase for ${JSON.stringify(name)}` }, signal);
  const warnOfArgument = (name: string) =>
    progress({
      type: "warning",
      code: "PASSPHRASE_VISIBLE",
      message: `the passphrase for ${JSON.stringify(name)} is an argument, which every process on this machine can see`,
    });
  return {
    async read(source, name) {
      switch (source.kind) {
        case "none":
          return undefined;
        case "prompt":
          return prompt(name);
        case "text":
          if (source.bare) warnOfArgument(name);
          return Buffer.from(source.text);
        case "file":
          return withoutLineBreak(await readSecretFile(source.path, signal));
        case "descriptor":
          return withoutLineBreak(await readSecretDescriptor(once(source.number, used), signal));
        case "variable":
          return variable(source.name);
      }
    },
    async ask(name) {
      return hasTerminal() ? prompt(name) : undefined;
    },
  };
}

const passphraseOfKey = {
  secret: "a passphrase",
  code: "KEY_INVALID",
  hint: "give it with the key: FILE:file=PATH, FILE:env=NAME or FILE:fd=N",
} as const;

function once(descriptor: number, used: Set<number>): number {
  if (used.has(descriptor)) {
    throw new OciEncError("USAGE", `descriptor ${descriptor} is named twice; it can be read only once`);
  }
  used.add(descriptor);
  return descriptor;
}

function variable(name: string): Uint8Array {
  const text = process.env[name];
  if (text !== undefined) return Buffer.from(text);
  throw new OciEncError(
    "KEY_INVALID",
    `the variable ${JSON.stringify(name)}, which should hold a passphrase, is not set`,
  );
}

/** One, as editors and `echo` leave it; a second one is part of the passphrase. */
function withoutLineBreak(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}
