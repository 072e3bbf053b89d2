import { schemes } from "../../crypt/schemes/index.js";
import {
  isRegistryHost,
  isSecretName,
  membersOf,
  parseImageName,
  shownNames,
  type TomlPlace,
  textsOf,
  tomlTop,
  wrongMember,
} from "../../doors/configuration.js";
import { OciEncError } from "../../errors.js";
import { similar } from "../habits/similar.js";
import type { Flag } from "../options/flag.js";
import { besideList } from "../options/keys/recipient-lines.js";
import { by, signBy, signBySigstore } from "../options/signing/signing-flags.js";
import type { Configuration } from "./configuration.js";
import type { ConfigurationText } from "./configuration-file.js";
import { besides, hostSection, type Section, sections, typedValue } from "./members.js";

/**
 * Reads a configuration file strictly. USAGE, with the file, the line and the member, for what is not TOML, for a member
 * that is not known or may hold a secret, and for a value that its option would not take.
 */
export async function readConfiguration({ path, text }: ConfigurationText): Promise<Configuration> {
  const root = await tomlTop(text, { path, what: "the configuration file" });
  const tables = new Map(membersOf(root));
  for (const [name, place] of tables) {
    if (!known.includes(name))
      throw unknownMember(
        place,
        known.map((one) => (one === hosts ? `${one}."HOST"` : one)),
      );
  }
  const membersOfTable = (name: string) => membersOf(tables.get(name) ?? { ...root, value: {} });
  return {
    path,
    values: new Map(sections.flatMap((one) => [...readSection(membersOfTable(one.name), one)])),
    groups: new Map(membersOfTable(groups).map(([name, place]) => [name, readGroup(name, place)])),
    hosts: new Map(
      membersOfTable(hosts).map(([name, place]) => [readHost(name, place), readSection(membersOf(place), hostSection)]),
    ),
    lineOf: root.file.document.lineOf,
  };
}

const groups = "recipients";
const hosts = hostSection.name;

/** The tables that a file may have. */
const known: readonly string[] = [groups, ...sections.map(({ name }) => name), hosts];

function readSection(
  found: readonly (readonly [string, TomlPlace])[],
  section: Section,
): ReadonlyMap<string, readonly string[]> {
  const names = section.members.map(({ name }) => name);
  return new Map(
    found.map(([name, place]) => {
      const flag = section.members.find((member) => member.name === name);
      if (flag === undefined) throw unknownMember(place, names);
      const given = valuesOf(place, flag).map((text) => typedValue(flag, text, place.file.directory));
      if (given.length === 0 || given.includes("")) throw wrongMember(place, "is empty");
      checkValue(flag, given, place);
      return [name, given];
    }),
  );
}

/** As they would be typed. */
function valuesOf(place: TomlPlace, flag: Flag<unknown>): readonly string[] {
  const { value } = place;
  if (flag.placeholder === undefined || flag.placeholder === "BOOL") {
    if (typeof value === "boolean") return [String(value)];
    throw wrongMember(place, "is not true or false");
  }
  if (flag.repeats) return textsOf(place);
  if (flag.placeholder === "N") {
    if (typeof value === "number" && Number.isSafeInteger(value)) return [String(value)];
    throw wrongMember(place, "is not a number");
  }
  if (typeof value === "string") return [value];
  throw wrongMember(place, "is not a string");
}

/** What an option says of its value names the option, and may quote what stands in the file, which is not shown. */
function checkValue(flag: Flag<unknown>, given: readonly string[], place: TomlPlace): void {
  try {
    flag.read(given);
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    const forms = flag.choices.length > 0 ? flag.choices.join("|") : flag.placeholder;
    throw wrongMember(
      place,
      `is not what --${flag.name} takes: ${forms}`,
      error.hint ?? `--${flag.name}: ${flag.about}`,
    );
  }
}

function readGroup(name: string, place: TomlPlace): readonly string[] {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw wrongMember(place, "is not the name of a group: letters, digits, dots, dashes and underscores");
  }
  const recipients = textsOf(place);
  if (recipients.length === 0) throw wrongMember(place, "names no recipient");
  return recipients.map((text) => readRecipient(text, place));
}

function readRecipient(text: string, place: TomlPlace): string {
  const [scheme = "", value = ""] = text.split(/:(.*)/s);
  if (text.startsWith("@")) throw wrongMember(place, "names another group: a group lists recipients only");
  if (!schemes.has(scheme) || value === "") {
    throw wrongMember(
      place,
      "has a member that is not a recipient",
      "a recipient is written SCHEME:KEY, for example jwe:pub.pem",
    );
  }
  if (/[?&;]pin-value=/i.test(value)) {
    throw wrongMember(
      place,
      "holds a PIN, and no secret belongs in this file",
      "a recipient needs no PIN: leave out pin-value",
    );
  }
  return besideList(`${scheme}:${value.startsWith("~/") ? besides(value, "") : value}`, place.file.directory);
}

function readHost(name: string, place: TomlPlace): string {
  // One name for Docker Hub, as references have it.
  if (isRegistryHost(name)) return parseImageName(`${name}/x`).host;
  throw wrongMember(place, "is not a registry", 'write [registry."HOST:PORT"], without a scheme or a path');
}

/** A secret is refused as one, whatever else the member could have been. */
function unknownMember(place: TomlPlace, known: readonly string[]): OciEncError {
  const name = String(place.names.at(-1) ?? "");
  if (isSecretName(name) || secretNames.has(name)) {
    return wrongMember(place, "is a secret, or may hold one, and no secret belongs in this file", secretHint);
  }
  const table = place.names.length === 1 ? "the file" : `[${shownNames(place.names.slice(0, -1))}]`;
  const meant = similar(name, known);
  const near = meant === undefined ? "" : `did you mean ${meant}? `;
  return wrongMember(place, "is not known here", `${near}${table} takes ${known.join(", ")}`);
}

/** Beside those whose names tell. */
const secretNames: ReadonlySet<string> = new Set([by, signBy, signBySigstore].map(({ name }) => name));

const secretHint = "log in with oci-enc login; a key is typed, with its passphrase as FILE:file=PATH or FILE:env=NAME";
