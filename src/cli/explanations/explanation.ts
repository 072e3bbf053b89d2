import type { WarningCode } from "../../progress.js";

/** What a code means: a page of `oci-enc help CODE`, and a section of docs/errors.md. Texts are Markdown, without full stop. */
export interface Explanation {
  /** Of an error whose exit status is not the one of its code. */
  readonly status?: string;
  /** In a few words, for the table of exit statuses too: `no given key decrypts the image`. */
  readonly meaning: string;
  /** Sentences: how it comes about, the most usual first. */
  readonly causes: readonly string[];
  /** Sentences: what helps, in the order in which it is best tried. */
  readonly remedies: readonly string[];
  /** A command line that ends so, or warns so; undefined: none brings it about at will. */
  readonly example?: Example;
  /** What a command line would need for that, where there is no example. */
  readonly takes?: Circumstance;
}

/** What cannot be made by a line of a shell. */
export type Circumstance =
  | "an image as another tool builds it"
  | "a registry that answers so"
  | "a certain machine, user or file system"
  | "another command at the same time"
  | "a certain key, certificate or token";

/** A command line for the directory that docs/errors.md prepares. */
export interface Example {
  readonly line: string;
  /** A sentence: why this line leads there. */
  readonly because: string;
}

/** Some of the warnings, by their code. All files of them together have every code. */
export type WarningPages = Readonly<Partial<Record<WarningCode, Explanation>>>;
