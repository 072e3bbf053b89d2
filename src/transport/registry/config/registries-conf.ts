import { OciEncError } from "../../../errors.js";
import { type ImageName, parseImageName } from "../../../oci/image-name.js";

/** One `[[registry]]` of registries.conf version 2 (containers-registries.conf(5)). */
export interface RegistryRule {
  /** `host`, `host/namespace`, `host/repository:tag`, or `*.example.com`. */
  readonly prefix: string;
  readonly location: string | undefined;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrors: readonly MirrorRule[];
}

/** One `[[registry.mirror]]`. */
export interface MirrorRule {
  readonly location: string;
  readonly insecure: boolean;
  readonly pulls: "all" | "digest-only" | "tag-only";
}

/** registries.conf and its drop-ins, merged. */
export interface RegistriesConf {
  readonly rules: readonly RegistryRule[];
  readonly aliases: ReadonlyMap<string, string>;
  readonly searchRegistries: readonly string[];
}

/** Where an image really is. */
export interface Endpoint {
  readonly name: ImageName;
  readonly insecure: boolean;
  /** What is said of any other host, `name:port`, that it may send us to. DENIED when that is blocked. */
  readonly insecureAt: (host: string) => boolean;
}

/** What registries.conf says of one image: the place itself, and mirrors to read from before it. */
export interface Placement {
  readonly primary: Endpoint;
  readonly mirrors: readonly Endpoint[];
}

/** Applies the rule with the longest prefix. DENIED when it blocks the registry. */
export function placeImage(name: ImageName, conf: RegistriesConf): Placement {
  const rule = permittedRule(name, conf);
  const insecureAt = insecureHosts(conf);
  if (!rule) return { primary: { name, insecure: false, insecureAt }, mirrors: [] };
  const relocate = (location: string | undefined) => (location ? relocated(name, rule.prefix, location) : name);
  const wanted = name.digest === undefined ? "tag-only" : "digest-only";
  return {
    primary: { name: relocate(rule.location), insecure: rule.insecure, insecureAt },
    mirrors: rule.mirrors
      .filter((mirror) => mirror.pulls === "all" || mirror.pulls === wanted)
      .map((mirror) => ({ name: relocate(mirror.location), insecure: mirror.insecure, insecureAt })),
  };
}

/** Whether a registry, or a repository of it, may be spoken to without verified TLS. DENIED when it is blocked. */
export function isInsecure(
  place: { readonly host: string; readonly repository: string },
  conf: RegistriesConf,
): boolean {
  return permittedRule({ ...place, tag: undefined, digest: undefined }, conf)?.insecure ?? false;
}

/** Tells of whole hosts what `isInsecure` tells of one place. */
export function insecureHosts(conf: RegistriesConf): (host: string) => boolean {
  return (host) => isInsecure({ host, repository: "" }, conf);
}

/**
 * The full names that a short name may mean, in the order to try them: its alias alone, else one for each search
 * registry, else Docker Hub. A name that says its registry means only itself. Used by `pull` for its first argument.
 */
export function shortNameCandidates(text: string, conf: RegistriesConf): readonly string[] {
  const [path = "", ...rest] = splitSuffix(text);
  const first = path.split("/")[0] ?? "";
  if (path.includes("/") && (/[.:]/.test(first) || first === "localhost")) return [text];
  const alias = conf.aliases.get(path);
  const found = alias === undefined ? conf.searchRegistries.map((one) => `${one}/${text}`) : [alias + rest.join("")];
  for (const candidate of found) parseFromConf(candidate, "for a short name");
  return found.length === 0 ? [text] : found;
}

function permittedRule(name: ImageName, conf: RegistriesConf): RegistryRule | undefined {
  const matching = conf.rules.filter((rule) => matchedLength(name, rule.prefix) !== undefined);
  const rule = matching.toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
  if (!rule?.blocked) return rule;
  throw new OciEncError("DENIED", `${JSON.stringify(name.host)} is blocked by registries.conf`, {
    hint: `the rule with the prefix ${JSON.stringify(rule.prefix)} says blocked = true`,
  });
}

/** How much of `host/repository[:tag][@digest]` a prefix covers; undefined when it does not match. */
function matchedLength(name: ImageName, prefix: string): number | undefined {
  if (prefix.startsWith("*.")) {
    const [pattern = "", ...path] = prefix.slice(1).split("/");
    const hostname = name.host.replace(/:\d+$/, "");
    if (path.length > 0 || !hostname.endsWith(pattern) || hostname.length === pattern.length) return undefined;
    return name.host.length;
  }
  const full = fullText(name);
  const follows = full[prefix.length];
  return full.startsWith(prefix) && (follows === undefined || "/:@".includes(follows)) ? prefix.length : undefined;
}

function relocated(name: ImageName, prefix: string, location: string): ImageName {
  const rest = fullText(name).slice(matchedLength(name, prefix) ?? 0);
  return parseFromConf(`${location}${rest}`, `for ${JSON.stringify(name.host)}`);
}

/** A name that the file had a part in is not quoted when it is none: the part may be anything. USAGE. */
function parseFromConf(text: string, whatFor: string): ImageName {
  try {
    return parseImageName(text);
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    throw new OciEncError("USAGE", `what registries.conf gives ${whatFor} is not an image name`, {
      hint: "a location is HOST[:PORT][/PATH]; containers-registries.conf(5) describes the format",
    });
  }
}

function fullText(name: ImageName): string {
  const tag = name.tag === undefined ? "" : `:${name.tag}`;
  return `${name.host}/${name.repository}${tag}${name.digest === undefined ? "" : `@${name.digest}`}`;
}

function splitSuffix(text: string): readonly string[] {
  const match = /^([^@]*?)((?::[^:/@]*)?)((?:@.*)?)$/.exec(text);
  return match ? match.slice(1) : [text];
}
