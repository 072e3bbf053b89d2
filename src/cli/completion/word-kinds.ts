import { schemes } from "../../crypt/schemes/index.js";
import { kinds } from "../../sign/kinds.js";
import { transportRows } from "../../transport/rows.js";
import type { Argument } from "../commands/command.js";
import type { Flag } from "../options/flag.js";

/** What a word begins with, and what may follow there. */
export interface WordPrefix {
  readonly prefix: string;
  readonly next: "path" | "layout" | "archive" | "text";
}

/** A kind of words that the shells ask about. */
export interface WordKind {
  readonly prefixes: readonly WordPrefix[];
  /** Whether a word without a prefix may be an image of the local store. */
  readonly stored: boolean;
  /** Whether a word without a prefix may be a file. */
  readonly files: boolean;
}

/** What has names of images in it, by the transport's name in policies. */
const nexts: ReadonlyMap<string, "layout" | "archive"> = new Map([
  ["oci", "layout"],
  ["oci-archive", "archive"],
]);

const keyPrefixes = [...schemes.values()].map(({ scheme, takes }) => prefixOf(scheme, takes !== "text"));

/** Every kind, by the name that the scripts give to `oci-enc __complete`. */
export const wordKinds: Readonly<Record<WordKindName, WordKind>> = {
  image: {
    prefixes: transportRows.flatMap(({ prefixes, remote, policy }) =>
      prefixes.map((prefix) => ({ prefix, next: remote ? "text" : (nexts.get(policy.name) ?? "path") }) as const),
    ),
    stored: true,
    files: false,
  },
  recipient: { prefixes: keyPrefixes, stored: false, files: false },
  key: { prefixes: keyPrefixes, stored: false, files: true },
  signer: {
    prefixes: kinds.flatMap(({ name, signer }) => (signer ? [prefixOf(name, signer.takes !== "text")] : [])),
    stored: false,
    files: false,
  },
  trust: {
    prefixes: kinds.flatMap(({ name, trust }) => (trust ? [prefixOf(name, true)] : [])),
    stored: false,
    files: false,
  },
};

/** The name of a kind. */
export type WordKindName = "image" | "recipient" | "key" | "signer" | "trust";

/** What the value of an option is; undefined: a file, or the shell knows no better. */
export function kindOfFlag({ name, placeholder = "" }: Flag<unknown>): WordKindName | undefined {
  return /^REF\b/.test(placeholder) ? "image" : specs.get(name);
}

/** Options whose values begin with the scheme or kind of a key. */
const specs: ReadonlyMap<string, WordKindName> = new Map([
  ["recipient", "recipient"],
  ["dec-recipient", "recipient"],
  ["key", "key"],
  ["by", "signer"],
  ["sign-by", "signer"],
  ["trust", "trust"],
]);

/** Whether an argument is an image. */
export function isImageArgument({ names }: Argument): boolean {
  return names === "image";
}

function prefixOf(name: string, files: boolean): WordPrefix {
  return { prefix: `${name}:`, next: files ? "path" : "text" };
}
