import { stat } from "node:fs/promises";
import { foreignForm } from "../../keys/foreign-form.js";
import type { Answer, Habit } from "./habit.js";
import { given, isArchiveName, prefixes } from "./image-words.js";
import { argsOf, hasOption, imagesOf, mapWords, type OptionWord, type TypedLine } from "./typed-line.js";

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
  {
    of: ["verify"],
    spelled: ["--trust"],
    takesValue: true,
    isForeign: isFileAlone,
    means: (value) => ["--trust", `${trustOfFile(value)}:${value}`],
  },
  {
    of: ["sign"],
    spelled: ["--by"],
    takesValue: true,
    isForeign: isFileAlone,
    means: (value) => ["--by", `sigstore:${value}`],
  },
  {
    of: ["decrypt", "unpack", "ls", "cat", "run", "rekey", "recipients add", "can-decrypt"],
    spelled: ["-i", "--identity", "--private-key", "--privkey", "--secret-key"],
    takesValue: true,
    means: (value) => ["-k", value],
  },
  { of: ["encrypt", "copy", "push"], spelled: ["--recipients"], takesValue: true, means: recipientsMeant },
  { of: ["recipients remove"], spelled: ["-r", "--recipient"], takesValue: true, means: () => undefined },
  {
    of: ["key generate"],
    spelled: ["-o", "--output", "-f", "--file"],
    takesValue: true,
    means: (value) => ["--out", pairName(value)],
  },
  {
    of: ["key generate"],
    spelled: ["--size", "--bits", "-b"],
    takesValue: true,
    means: (value) => (/^\d+$/.test(value) ? ["--type", `rsa:${value}`] : undefined),
  },
  {
    of: ["decrypt"],
    spelled: ["-r", "--recipient"],
    takesValue: true,
    means: (value) => ["-k", value.replace(/^jwe:/, "")],
  },
  { of: ["encrypt"], spelled: ["-R"], takesValue: true, means: (value) => ["--recipients-file", value] },
  {
    of: ["encrypt"],
    spelled: ["-k", "--key"],
    takesValue: true,
    isForeign: (value) => /^[^:]*\.pub(?:\.pem)?$/.test(value),
    means: (value) => ["-r", `jwe:${value}`],
  },
  { of: ["copy"], spelled: ["-i", "--input"], takesValue: true, means: loadedFile },
  {
    of: ["copy"],
    spelled: ["--format"],
    takesValue: true,
    isForeign: (value) => value === "oci",
    means: () => [],
  },
  {
    of: ["copy"],
    spelled: ["--multi-arch"],
    takesValue: true,
    means: (value) => (value === "all" ? [] : value === "system" ? ["--platform", "local"] : undefined),
  },
  { of: ["run"], spelled: ["-i", "-t", "--interactive", "--tty"], takesValue: false, means: () => [] },
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

function recipientsMeant(value: string): readonly string[] {
  return [value.includes(":") ? "-r" : "--recipients-file", value];
}

/** A file of a key where its kind is to stand before it. */
function isFileAlone(value: string): boolean {
  return /^[^:]+\.(?:pub|key|pem|crt|cer|gpg|asc|kbx)$/.test(value);
}

function trustOfFile(file: string): string {
  if (/\.(?:gpg|asc|kbx)$/.test(file)) return "gpg";
  return /\.(?:crt|cer)$/.test(file) ? "x509" : "sigstore";
}

/** `load -i app.tar`: the archive, and the name that the image is to have where none is typed. */
function loadedFile(file: string, line: TypedLine): readonly string[] {
  const [, base = "image"] = /([\w.-]+?)(?:\.tar)?(?:\.\w+)?$/.exec(file) ?? [];
  return [`${given.dockerArchive}${file}`, ...(imagesOf(line).length > 0 ? [] : [base.toLowerCase()])];
}

/** cosign's signatures by the certificate of a person, which no key that is kept makes. */
export const certificatesOfPersons: Habit = (line) => {
  const isAsked = line.words.some(
    (word) => word.kind === "option" && word.flag === undefined && ofFulcio.test(word.spelled),
  );
  return isAsked
    ? { note: "Fulcio and Rekor are not asked; a key is named: oci-enc verify --trust sigstore:PUBFILE IMAGE" }
    : undefined;
};

const ofFulcio =
  /^--(?:certificate-(?:identity|oidc-issuer)(?:-regexp)?|(?:rekor|fulcio)-url|identity-token|oidc-\w+)$/;

/** Both names of a pair begin with what `--out` says. */
function pairName(file: string): string {
  return file.replace(/(?:\.pub)?\.pem$/, "");
}

/** `key generate NAME`, as ssh-keygen and openssl name a file. */
export const namedPairs: Habit = (line) => {
  const [name, more] = line.words.filter(({ kind }) => kind === "argument");
  if (line.row.name !== "key generate" || name?.kind !== "argument" || more || hasOption(line, "out")) return undefined;
  const args = mapWords(line, (word) => (word === name ? ["--out", pairName(name.text)] : undefined));
  return args && { args };
};

/** `-o FILE`, which is the last argument here. */
export const outputFiles: Habit = (line) => {
  const target = line.command.arguments.filter(({ names }) => names === "image")[1];
  const outputs = line.words.filter((word) => word.kind === "option" && isOutput(word));
  const [output] = outputs;
  const file = output?.kind === "option" ? output.value : undefined;
  if (target === undefined || file === undefined || outputs.length > 1 || imagesOf(line).length !== 1) return undefined;
  const prefix = prefixes.some((one) => file.startsWith(one)) ? "" : isArchiveName(file) ? given.archive : given.layout;
  const others = mapWords(line, (word) => (word === output ? [] : undefined));
  return others && { args: [...others, `${prefix}${file}`] };
};

function isOutput({ spelled, flag }: OptionWord): boolean {
  return flag === undefined && (spelled === "-o" || spelled === "--output");
}

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
