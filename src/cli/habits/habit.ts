import type { OciEncError } from "../../errors.js";
import type { TypedLine } from "./typed-line.js";

/** What fingers that know another tool type, and what it is here. Looked at only when a command has failed. */
export type Habit = (line: TypedLine, failure: OciEncError) => Promise<Answer | undefined> | Answer | undefined;

/** What is to be typed in its place, or what there is to say where nothing can be. */
export type Answer = Correction | { readonly args?: undefined; readonly note: string };

/** What is to be typed. */
export interface Correction {
  /** Another command; undefined: the same. */
  readonly command?: string;
  /** What is to follow the command's name. */
  readonly args: readonly string[];
  /** Commands, ours or another tool's, that make what the command reads. */
  readonly before?: readonly string[];
  /** Commands that take what it writes. */
  readonly after?: readonly string[];
  /** What is to be said before the command. */
  readonly note?: string;
}
