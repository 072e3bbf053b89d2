import { stat } from "node:fs/promises";
import { foreignForm } from "../../keys/foreign-form.js";
import type { Answer, Habit } from "./habit.js";
import { argsOf, hasOption, mapWords, type OptionWord, type TypedLine } from "./typed-line.js";

/** An option of another tool. */
interface OptionHabit {
  /** The commands where it is typed; absent: any. */
  readonly of?: readonly string[];
  readonly spelled: readonly string[];
  readonly takesValue: boolean;
  /** It is an option here too, and this value of it shows that the other tool's was meant. */
  readonly isForeign?: (value: string) => boolean;
  /** The words for it here, none where it is not needed. Undefined: there are none for this value. */
  readonly means: (value: string, line: TypedLine) => readonly string[] | undefined;
}

/** A key in a key service, which is reached in another way than a file. */
const isAddress = (value = "") => value.includes("://");

const optionHabits: readonly OptionHabit[] = [
  {
    of: ["sign"],
    spelled: ["--key"],
    takesValue: true,
    means: (value) => (isAddress(value) ? undefined : ["--by", `sigstore:${value}`]),
  },
  { of: ["sign"], spelled: ["--yes", "-y"], takesValue: false, means: () => [] },
  { of: ["sign"], spelled: ["--tlog-upload", "--upload"], takesValue: false, means: () => [] },
  {
    of: ["verify"],
    spelled: ["--key"],
    takesValue: true,
    isForeign: (value) => !isAddress(value) && value.endsWith(".pub"),
    means: (value) => ["--trust", `sigstore:${value}`],
  },
  {
    of: ["verify"],
    spelled: ["--insecure-ignore-tlog", "--private-infrastructure", "--offline"],
    takesValue: false,
    means: () => [],
  },
  { of: ["decrypt"], spelled: ["-i", "--identity"], takesValue: true, means: (value) => ["-k", value] },
  {
    spelled: ["-o", "--output"],
    takesValue: true,
    means: (value) => (value === "json" ? ["--json"] : undefined),
  },
  {
    spelled: ["--format"],
    takesValue: true,
    isForeign: (value) => value === "json",
    means: () => ["--json"],
  },
  {
    spelled: ["--insecure", "--allow-insecure-registry", "--skip-tls-verify"],
    takesValue: false,
    means: (_, { command }) => (command.flags.some(({ name }) => name === "tls-verify") ? ["--tls-verify=false"] : []),
  },
];

/** Whether a command may be given this option of another tool, and whether that takes the word after it for its value. */
export function foreignOption(command: string, spelled: string): { readonly takesValue: boolean } | undefined {
  return optionHabits.find((habit) => isOf(habit, command) && habit.spelled.includes(spelled));
}

/** Every option of another tool, by what it is here. */
export const foreignOptions: Habit = (line) => {
  const service = line.words.find((word) => word.kind === "option" && word.flag === undefined && isAddress(word.value));
  const elsewhere = service?.kind === "option" ? foreignForm(Buffer.from(service.value ?? ""))?.hint : undefined;
  if (elsewhere !== undefined) return { note: elsewhere };
  const args = mapWords(line, (word) => {
    if (word.kind !== "option") return undefined;
    const habit = optionHabits.find((one) => isOf(one, line.row.name) && isTyped(one, word));
    return habit?.means(word.value ?? "", line);
  });
  return args && { args };
};

/** cosign signs with a key that it makes and looks for by this name. */
export const unnamedSigner: Habit = async (line): Promise<Answer | undefined> => {
  if (line.row.name !== "sign" || hasOption(line, "by")) return undefined;
  const args = ["--by", "sigstore:cosign.key", ...argsOf(line.words)];
  const isThere = await stat("cosign.key").catch(() => undefined);
  const before = isThere ? [] : ["oci-enc key generate --type cosign --out cosign"];
  return { args, before, note: "name the signer with --by" };
};

function isOf({ of }: OptionHabit, command: string): boolean {
  return of?.includes(command) ?? true;
}

function isTyped({ spelled, isForeign }: OptionHabit, word: OptionWord): boolean {
  if (!spelled.includes(word.spelled)) return false;
  return word.flag === undefined || isForeign?.(word.value ?? "") === true;
}
