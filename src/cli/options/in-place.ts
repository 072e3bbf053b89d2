import { OciEncError } from "../../errors.js";
import type { Argument, Invocation } from "../commands/command.js";
import { retyped } from "../output/retyped.js";
import { type Flag, toggle } from "./flag.js";

/** For commands that move an image's content: yes, the tag on the registry is to name something else. */
export const inPlace: Flag<boolean> = toggle({
  name: "in-place",
  about: "write over SRC on its registry, where no DST is given; the store and layouts do not need this option",
  group: "Source and target:",
});

/** What each such command adds to a tag, to make the one that is proposed. */
export const inPlaceEndings: ReadonlyMap<string, string> = new Map([
  ["encrypt", "-enc"],
  ["decrypt", "-decrypted"],
  ["rekey", "-rekeyed"],
]);

/** What the help of SRC and DST adds for such a command. */
const note = "default: in place of SRC; on a registry only with --in-place";

/**
 * A tag on a registry is what others pull: it is written over only where that was asked for. USAGE, with both commands that can
 * be meant, when neither a target nor `--in-place` was typed; USAGE when both were.
 */
export async function requireInPlace(invocation: Pick<Invocation, "arguments" | "options" | "line">): Promise<void> {
  const {
    arguments: [from = "", to],
    options,
    line,
  } = invocation;
  const asked = options.get(inPlace);
  if (to !== undefined && asked && to !== from) {
    throw new OciEncError("USAGE", "--in-place cannot be used with a target", {
      hint: "leave out one of them",
    });
  }
  if (to !== undefined || asked) return;
  const [{ parseReference }, { redactedReference }] = await Promise.all([
    import("../../doors/transport.js"),
    import("../../doors/internal.js"),
  ]);
  const { row, prefix, locator } = parseReference(from);
  if (!row.remote) return;
  const next = `${prefix}${anotherName(locator, inPlaceEndings.get(line[0] ?? "") ?? "")}`;
  const [over, another] = [retyped(line, { options: ["--in-place"] }), retyped(line, { further: [next] })];
  throw new OciEncError("USAGE", `${redactedReference(from)} is on a registry, and no target is given`, {
    hint: `to write over its tag: ${over} ; to write another tag: ${another}`,
  });
}

/** The same repository, under a tag that says what is there. */
export function anotherName(name: string, ending: string): string {
  const [named = ""] = name.split("@");
  const tagged = /:[^/]*$/.test(named) ? named : `${named}:latest`;
  return `${tagged}${ending}`;
}

/** DST in a command's help. */
export const inPlaceTarget = (about: string): Argument => ({
  name: "DST",
  names: "image",
  about: `${about}; ${note}`,
  optional: true,
});
