import { isAbsolute, resolve } from "node:path";
import { OciEncError } from "../../errors.js";
import { readOwnedFile } from "../../files/owned-file.js";
import { itemsOf, membersOf, type TomlPlace, textsOf, tomlTop, wrongMember } from "../../files/toml-place.js";
import { parsePlatform } from "../../oci/platform.js";
import { defaultKeysPath } from "../node/stream-processors.js";
import { fileOf } from "./member-values.js";
import { readRule } from "./read-rule.js";
import { readDemandedFiles } from "./trusted-files.js";
import type { VerifierRules } from "./verifier-rules.js";

/** Where the verifier's file of rules is, unless it is started with another one. */
export const defaultVerifierRules = "/etc/oci-enc/image-verifier.toml";

/** Where containerd looks for `hosts.toml`, and docker for certificates. */
const usualHosts = ["/etc/containerd/certs.d", "/etc/docker/certs.d"];

/** Nobody writes so much by hand. */
const sizeLimit = 256 * 1024;

/** Containerd ends a verifier after 10 seconds unless it is told otherwise: a reason has to be there before that. */
const usualSeconds = 8;

/**
 * Reads the verifier's file of rules, strictly: USAGE when others than its owner could have written it, when it is not TOML, for
 * a member that is not known or makes no sense, with its line; NOT_FOUND, LOCAL_IO. The files that it names are not opened.
 */
export async function readVerifierRules(path: string = defaultVerifierRules): Promise<VerifierRules> {
  const what = "the image verifier's file";
  const absolute = resolve(path);
  const bytes = await readOwnedFile(absolute, { what, limit: sizeLimit });
  const top = await tomlTop(Buffer.from(bytes).toString("utf8"), { path: absolute, what });
  const members = new Map(membersOf(top));
  for (const [name, place] of members) {
    if (!known.includes(name)) throw wrongMember(place, "is not known here", `the file takes ${known.join(", ")}`);
  }
  const file = (name: string) => fileOf(members.get(name));
  return {
    path: absolute,
    keysPath: file("decryption-keys-path") ?? defaultKeysPath,
    providerConfig: file("keyprovider-config"),
    hostsDirectories: readDirectories(members.get("config-path")),
    authFile: file("auth-file"),
    platforms: readPlatforms(members.get("platform")),
    timeout: readSeconds(members.get("timeout-seconds")) * 1000,
    rules: readList(members.get("rule"), top),
  };
}

/**
 * Reads the verifier's file of rules, and all that its rules name, as pulls would. USAGE for what makes no sense or can be written
 * by others, KEY_INVALID for a key that is none, CORRUPT for a policy that is malformed, NOT_FOUND, LOCAL_IO.
 */
export async function checkVerifierRules(path: string = defaultVerifierRules): Promise<VerifierRules> {
  const rules = await readVerifierRules(path);
  for (const { verdict } of rules.rules) if (typeof verdict === "object") await readDemandedFiles(verdict);
  return rules;
}

const known: readonly string[] = [
  "decryption-keys-path",
  "keyprovider-config",
  "config-path",
  "auth-file",
  "platform",
  "timeout-seconds",
  "rule",
];

function readList(place: TomlPlace | undefined, top: TomlPlace): VerifierRules["rules"] {
  const rules = place === undefined ? [] : itemsOf(place).map((one) => readRule(one));
  if (rules.length === 0) {
    throw wrongMember(place ?? top, "has no rule, and so would refuse every image", "write one as [[rule]]");
  }
  const seen = new Set<string>();
  for (const scope of rules.flatMap(({ images }) => images)) {
    if (seen.has(scope)) throw wrongMember(place ?? top, `has two rules for ${JSON.stringify(scope)}`);
    seen.add(scope);
  }
  return rules;
}

/** As containerd has it: directories with a colon between them. */
function readDirectories(place: TomlPlace | undefined): readonly string[] {
  if (place === undefined) return usualHosts;
  const { value } = place;
  const directories = typeof value === "string" ? value.split(":").filter((one) => one !== "") : [];
  if (directories.length > 0 && directories.every((one) => isAbsolute(one))) return directories;
  throw wrongMember(place, "is not one absolute directory, or several with colons between them");
}

function readPlatforms(place: TomlPlace | undefined): VerifierRules["platforms"] {
  if (place === undefined) return "local";
  const texts = textsOf(place);
  if (texts.length === 0) throw wrongMember(place, "names no platform", "leave it out for this machine's");
  try {
    return texts.map((text) => parsePlatform(text));
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    throw wrongMember(place, "is not a list of platforms", error.hint);
  }
}

function readSeconds(place: TomlPlace | undefined): number {
  if (place === undefined) return usualSeconds;
  const { value } = place;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1 && value <= 600) return value;
  throw wrongMember(place, "is not a number of seconds from 1 to 600");
}
