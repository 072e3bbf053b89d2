import { OciEncError } from "../../errors.js";
import type { Argument, Invocation } from "../commands/command.js";
import { retyped } from "../output/retyped.js";
import { type Flag, toggle } from "./flag.js";

/** For commands that move an image's content: yes, the tag on the registry is to name something else. */
export const inPlace: Flag<boolean> = toggle({
  name: "in-place",
  about: "write over SRC on its registry, where no DST is given; the store and layouts need no such word",
  group: "Places:",
});

/** What the words on SRC and DST of such a command add. */
const note = "default: in place of SRC; on a registry only with --in-place";

/**
 * A tag on a registry is what others pull: it is written over only where that was asked for. USAGE, with both commands that can
 * be meant, when neither a target nor `--in-place` was typed; USAGE when both were. `ending`: of the tag that is proposed.
 */
export async function requireInPlace(
  invocation: Pick<Invocation, "arguments" | "options" | "line">,
  ending: string,
): Promise<void> {
  const {
    arguments: [from = "", to],
    options,
    line,
  } = invocation;
  const asked = options.get(inPlace);
  if (to !== undefined && asked && to !== from) {
    throw new OciEncError("USAGE", "--in-place means nothing where a target is given", {
      hint: "leave out one of them",
    });
  }
  if (to !== undefined || asked) return;
  const { parseReference, redactedReference } = await import("../../transport/index.js");
  const { row, prefix, locator } = parseReference(from);
  if (!row.remote) return;
  const next = `${prefix}${besideName(locator, ending)}`;
  const [over, beside] = [retyped(line, ["--in-place"]), retyped(line, [], [next])];
  throw new OciEncError("USAGE", `${redactedReference(from)} is on a registry, and no target is given`, {
    hint: `to write over its tag: ${over} ; to write beside it: ${beside}`,
  });
}

/** The same repository, under a tag that says what is there. */
function besideName(name: string, ending: string): string {
  const [named = ""] = name.split("@");
  const tagged = /:[^/]*$/.test(named) ? named : `${named}:latest`;
  return `${tagged}${ending}`;
}

/** The words on DST in a command's help. */
export const inPlaceTarget = (about: string): Argument => ({
  name: "DST",
  about: `${about}; ${note}`,
  optional: true,
});
