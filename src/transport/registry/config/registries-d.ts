import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ioError, OciEncError, systemCode } from "../../../errors.js";
import { readSmallFile } from "../../../files/read-file.js";
import { dockerScopes } from "../../../oci/docker-scopes.js";
import type { ImageName } from "../../../oci/image-name.js";
import type { Environment } from "../http/environment.js";

/** What registries.d says of where an image's signatures are kept. containers-registries.d(5). */
export interface SignatureStorage {
  /** The URL below which lookaside signatures are read, or undefined: the default directory. */
  readonly lookaside: string | undefined;
  /** The same for writing. */
  readonly staging: string | undefined;
  /** Whether `.sig` tags are to be used. Undefined: nothing is said. */
  readonly attachments: boolean | undefined;
}

/** registries.d, its files merged: a section by its scope. */
export interface RegistriesD {
  readonly sections: ReadonlyMap<string, Section>;
  /** The section `default-docker`. */
  readonly fallback: Section | undefined;
}

/** One section, deprecated spellings resolved. */
interface Section {
  readonly file: string;
  readonly lookaside: string | undefined;
  readonly staging: string | undefined;
  readonly attachments: boolean | undefined;
}

/** A file of this kind is some lines. */
const fileLimit = 1024 * 1024;

/**
 * Reads every `*.yaml` of `directory`; without one, of the user's registries.d if there is such, else of the system's.
 * Containers-registries.d(5), `signing-and-policy.md` 4.3. CORRUPT when a file is malformed, has a member that is not
 * known, or a section that another file has too, which image-rs takes where both say the same; NOT_FOUND when the directory that was named is not there.
 */
export async function readRegistriesD(
  directory: string | undefined,
  environment: Environment,
  dialect: "containers" | "image-rs" = "containers",
): Promise<RegistriesD> {
  const refused = (one: Section, other: Section) => dialect === "containers" || !saysTheSame(one, other);
  const found = directory === undefined ? await usualFiles(environment) : await yamlFiles(directory);
  if (directory !== undefined && found === undefined) {
    throw new OciEncError("NOT_FOUND", `there is no directory ${JSON.stringify(directory)}`);
  }
  const sections = new Map<string, Section>();
  let fallback: Section | undefined;
  for (const file of found ?? []) {
    const content = await readOne(file);
    if (fallback && content.fallback && refused(fallback, content.fallback))
      throw twice('"default-docker"', fallback, content.fallback);
    fallback ??= content.fallback;
    for (const [scope, section] of content.sections) {
      const other = sections.get(scope);
      if (other && refused(other, section)) throw twice("one scope", other, section);
      sections.set(scope, section);
    }
  }
  return { sections, fallback };
}

/** What holds for one image, by where it really is: each from the most specific section that says something of it. */
export function signatureStorage({ sections, fallback }: RegistriesD, name: ImageName): SignatureStorage {
  const inOrder = [...dockerScopes(name).map((scope) => sections.get(scope)), fallback].filter(
    (section) => section !== undefined,
  );
  const first = <T>(member: (section: Section) => T | undefined) =>
    inOrder.map(member).find((value) => value !== undefined);
  return {
    lookaside: first(({ lookaside }) => lookaside),
    // A section's own place for reading is where one writes, too, and comes before what a wider section stages.
    staging: first(({ lookaside, staging }) => staging ?? lookaside),
    attachments: first(({ attachments }) => attachments),
  };
}

function saysTheSame(one: Section, other: Section): boolean {
  return (["lookaside", "staging", "attachments"] as const).every((member) => one[member] === other[member]);
}

async function usualFiles(environment: Environment): Promise<readonly string[] | undefined> {
  const users = await yamlFiles(join(environment.home, ".config", "containers", "registries.d"));
  return users ?? (await yamlFiles(join(environment.root, "etc", "containers", "registries.d")));
}

/** Undefined: there is no such directory. */
async function yamlFiles(directory: string): Promise<readonly string[] | undefined> {
  try {
    const names = await readdir(directory);
    return names
      .filter((name) => name.endsWith(".yaml"))
      .toSorted()
      .map((name) => join(directory, name));
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return undefined;
    throw ioError(error, `cannot read ${JSON.stringify(directory)}`);
  }
}

async function readOne(file: string): Promise<RegistriesD> {
  const bytes = await readSmallFile(file, fileLimit, { what: JSON.stringify(file), followLinks: true });
  const { parse } = await import("yaml");
  let document: unknown;
  try {
    document = parse(Buffer.from(bytes).toString("utf8"), { schema: "core", maxAliasCount: 16, logLevel: "error" });
  } catch (error) {
    throw wrong(file, `it is not YAML${placeOf(error)}`);
  }
  const top = mapping(document, file, "the file");
  refuseUnknown(top, ["default-docker", "docker"], file);
  const scopes = Object.entries(mapping(top["docker"], file, '"docker"'));
  return {
    sections: new Map(
      scopes.map(([scope, section], index) => [scope, readSection(section, `scope ${index + 1} of "docker"`, file)]),
    ),
    fallback:
      (top["default-docker"] ?? undefined) === undefined
        ? undefined
        : readSection(top["default-docker"], '"default-docker"', file),
  };
}

/** The parser's own message quotes the line. */
function placeOf(error: unknown): string {
  const places: unknown = error instanceof Error && "linePos" in error ? error.linePos : undefined;
  const first: unknown = Array.isArray(places) ? places[0] : undefined;
  if (typeof first !== "object" || first === null || !("line" in first && "col" in first)) return "";
  return ` (line ${Number(first.line)}, column ${Number(first.col)})`;
}

/** `where` is for messages, and no scope: a key that was taken for such a file may have anything in its place. */
function readSection(value: unknown, where: string, file: string): Section {
  const section = mapping(value, file, where);
  refuseUnknown(section, sectionMembers, file);
  const attachments = section["use-sigstore-attachments"] ?? undefined;
  if (attachments !== undefined && typeof attachments !== "boolean") {
    throw wrong(file, `use-sigstore-attachments of ${where} is neither true nor false`);
  }
  const text = (member: string): string | undefined => {
    const given = section[member] ?? "";
    if (typeof given !== "string") throw wrong(file, `${member} of ${where} is not a string`);
    return given === "" ? undefined : given;
  };
  return {
    file,
    lookaside: text("lookaside") ?? text("sigstore"),
    staging: text("lookaside-staging") ?? text("sigstore-staging"),
    attachments,
  };
}

const sectionMembers = ["lookaside", "lookaside-staging", "sigstore", "sigstore-staging", "use-sigstore-attachments"];

type Mapping = Readonly<Record<string, unknown>>;

/** Nothing at all is an empty one. */
function mapping(value: unknown, file: string, what: string): Mapping {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw wrong(file, `${what} is not a mapping`);
  return Object.fromEntries(Object.entries(value));
}

function refuseUnknown(found: Mapping, known: readonly string[], file: string): void {
  const unknown = Object.keys(found).some((member) => !known.includes(member));
  if (unknown) throw wrong(file, `it has a member that is none of ${known.join(", ")}`);
}

function twice(what: string, one: Section, other: Section): OciEncError {
  const files = `${JSON.stringify(one.file)} and ${JSON.stringify(other.file)}`;
  return new OciEncError("CORRUPT", `${what} is in ${files}`, {
    hint: "each scope of registries.d belongs in one file",
  });
}

function wrong(file: string, why: string): OciEncError {
  return new OciEncError("CORRUPT", `${JSON.stringify(file)} cannot be used: ${why}`, {
    hint: "containers-registries.d(5) describes the format",
  });
}
