import type { OciEncError } from "../../errors.js";
import type { Progress } from "../../progress.js";
import type { Configuration } from "../configuration/configuration.js";
import type { FlagRules, FlagValues } from "../options/flag-values.js";

/** A row of the table of commands: what the list of commands shows, and how to get the rest. */
export interface CommandRow {
  /** As it is typed: `encrypt`, `key generate`. */
  readonly name: string;
  /** Other names that users of other tools type; no list has them. */
  readonly aliases?: readonly string[];
  /** Heading under which the help, the manual and docs/cli.md list it. */
  readonly group:
    | "Images:"
    | "Recipients:"
    | "Signing:"
    | "Local store:"
    | "Registry:"
    | "Keys:"
    | "Runtime:"
    | "Other:";
  readonly summary: string;
  load(): Promise<Command>;
}

/** One subcommand: what it takes, and what it does with it. */
export interface Command extends FlagRules {
  readonly arguments: readonly Argument[];
  /** For the help, from the plain case to the odd one; each starts with `oci-enc`. */
  readonly examples: readonly string[];
  run(invocation: Invocation): Promise<Outcome>;
  /** `unread`: it goes by no configuration file. `examined`: it tells of a file that cannot be used, and goes on without. */
  readonly configuration?: "unread" | "examined";
  /** What follows the first argument belongs to another program, options included: `run IMAGE ls -l`. */
  readonly passesOn?: boolean;
  /** Its options are taken with one dash as well, as the program writes them that starts it: `-name REF`. */
  readonly oneDash?: boolean;
  /** How a failure is reported where another program prescribes it; absent: as everywhere. */
  readonly failure?: (error: unknown) => Promise<{ readonly status: number; readonly text: string }>;
}

/** An argument in its place. */
export interface Argument {
  readonly name: string;
  readonly about: string;
  readonly optional?: boolean;
  /**
   * An image, by any transport; or a name in the one place where the command looks: a registry, a repository, the store. Both
   * may be shown. Absent: something else.
   */
  readonly names?: "image" | "name";
  /** Only the last one may be: it takes all that is left, and at least one. */
  readonly repeats?: boolean;
  /** The only values it takes; absent: any. */
  readonly choices?: readonly string[];
}

/** What a command is called with. */
export interface Invocation {
  readonly arguments: readonly string[];
  readonly options: FlagValues;
  /** What the configuration file says; undefined: there is none. */
  readonly configuration: Configuration | undefined;
  /** Why it cannot be used, told to a command that examines it. */
  readonly configurationFailure?: OciEncError | undefined;
  /** What was typed, from the command's name on: for a hint that repeats it. */
  readonly line: readonly string[];
  /** Aborted when the command shall end before it is done. */
  readonly signal: AbortSignal;
  /** The library speaks here. */
  readonly progress: Progress;
  /** A line for the person at the keyboard, on stderr, left out with `--quiet` and `--json`. */
  info(text: string): void;
}

/** What a command came to: data for programs and text for people, or bytes as they are. */
export type Outcome =
  | Report
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** Bytes of any number. They may still fail on their way. */
  | { readonly kind: "stream"; readonly bytes: AsyncIterable<Uint8Array> }
  /** Another program has said what there is to say; this is its exit status. */
  | { readonly kind: "status"; readonly status: number };

/** A result. Its schema and the warnings are added when it is printed. */
export interface Report {
  readonly kind: "report";
  readonly document: object;
  /** Lines for a person, without the last line break. Empty: nothing is printed. */
  readonly text: string;
  /** The command changes something: its document always has a list of warnings. */
  readonly writes?: boolean;
  /** Why the result is not a success. The result is printed first, then this error as any other. */
  readonly failure?: OciEncError | undefined;
  /** Standard output holds the archive itself, so the report goes to stderr. */
  readonly stderr?: boolean;
  /** What `--summary` says beside the document. */
  summary?(): Promise<readonly SummaryFact[]>;
}

/** A line of a summary. The values may come from outside. */
export interface SummaryFact {
  readonly label: string;
  readonly values: readonly string[];
}
