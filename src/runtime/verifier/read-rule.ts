import { OciEncError } from "../../errors.js";
import { membersOf, type TomlPlace, textsOf, wrongMember } from "../../files/toml-place.js";
import { isRegistryHost, parseImageName, printImageName } from "../../oci/image-name.js";
import { kindForms, trustKind } from "../../sign/kinds.js";
import { fileOf, flagOf, wordOf } from "./member-values.js";
import { type Demands, everyImage, type TrustedKey, type VerifierRule } from "./verifier-rules.js";

/** Reads one `[[rule]]`. USAGE for what is not known, and for a rule that asks for nothing and does not say that it means that. */
export function readRule(place: TomlPlace): VerifierRule {
  const members = new Map(membersOf(place));
  for (const [name, member] of members) {
    if (!known.includes(name)) throw wrongMember(member, "is not known here", `a rule takes ${known.join(", ")}`);
  }
  const images = readScopes(members.get("images") ?? place);
  const verdict = members.get("verdict");
  if (verdict === undefined) return { images, verdict: readDemands(members, place) };
  const word = wordOf(verdict, ["allow", "refuse"]);
  const besides = [...members.keys()].filter((name) => name !== "images" && name !== "verdict");
  if (besides.length > 0)
    throw wrongMember(verdict, `leaves nothing to ask for, and the rule asks for ${besides.join(", ")}`);
  return { images, verdict: word };
}

const known: readonly string[] = [
  "images",
  "verdict",
  "require-encrypted",
  "require-signed",
  "trust",
  "policy",
  "trust-policy",
  "trust-store",
  "classes",
  "instance-signatures",
  "bundle-identity",
  "must-open",
];

/** One of these is enough for a rule to ask for something. */
const asking: readonly string[] = [
  "require-encrypted",
  "require-signed",
  "trust",
  "policy",
  "trust-policy",
  "classes",
  "must-open",
];

function readDemands(members: ReadonlyMap<string, TomlPlace>, place: TomlPlace): Demands {
  const file = (name: string) => fileOf(members.get(name));
  const isTrue = (name: string) => flagOf(members.get(name));
  const trust = readTrust(members.get("trust"));
  const demands: Demands = {
    requireEncrypted: readRequireEncrypted(members.get("require-encrypted")),
    requireSigned: isTrue("require-signed") || trust.length > 0,
    trust,
    policy: file("policy"),
    trustPolicy: file("trust-policy"),
    trustStore: file("trust-store"),
    classes: file("classes"),
    instanceSignatures: isTrue("instance-signatures"),
    bundleIdentity: readBundleIdentity(members.get("bundle-identity")),
    mustOpen: isTrue("must-open"),
  };
  const { requireEncrypted, requireSigned, policy, trustPolicy, classes, mustOpen } = demands;
  if (!(requireEncrypted || requireSigned || policy || trustPolicy || classes || mustOpen)) {
    const hint = `write verdict = "allow" where that is meant, or one of ${asking.join(", ")}`;
    throw wrongMember(place, "asks for nothing", hint);
  }
  const store = members.get("trust-store");
  if (store !== undefined && trustPolicy === undefined) throw wrongMember(store, "requires trust-policy");
  if (requireSigned && trust.length === 0 && policy === undefined && trustPolicy === undefined) {
    throw wrongMember(place, "requires a signature and trusts nobody", "add trust, policy or trust-policy");
  }
  return demands;
}

/** Each in one spelling, so that the same scope is not there twice: `docker.io/library/bash` for `bash`. */
function readScopes(place: TomlPlace): readonly string[] {
  const texts = place.names.at(-1) === "images" ? textsOf(place) : [];
  if (texts.length === 0) throw wrongMember(place, "names no images", scopeHint);
  return texts.map((text) => {
    if (text === everyImage || isScope(text)) return text;
    throw wrongMember(place, "has a member that is no scope of images", scopeHint);
  });
}

const scopeHint =
  "write HOST, HOST/NAMESPACE, HOST/REPOSITORY, HOST/REPOSITORY:TAG, *.DOMAIN or *; what is below a scope is in it, without /*";

/** A host, what is below one, or all the hosts of a domain; written as names are looked up. */
function isScope(text: string): boolean {
  if (text.startsWith("*.")) return isRegistryHost(text.slice(2)) && !/[:[]/.test(text);
  const [host = ""] = text.split("/", 1);
  if (!/[.:[]/.test(host) && host !== "localhost") return false;
  if (host === text) return isRegistryHost(host) && host !== "index.docker.io";
  try {
    const name = parseImageName(text);
    const shown = printImageName(name);
    // A namespace of Docker Hub is one word, which a name would take for one of its own images.
    return shown === text || shown === `${text}:latest` || /^docker\.io\/[a-z0-9._-]+$/.test(text);
  } catch (error) {
    if (error instanceof OciEncError) return false;
    throw error;
  }
}

function readTrust(place: TomlPlace | undefined): readonly TrustedKey[] {
  if (place === undefined) return [];
  const texts = textsOf(place);
  if (texts.length === 0) throw wrongMember(place, "trusts nobody", trustHint());
  return texts.map((text) => {
    const [, kind = "", path = ""] = /^([^:]*):(\/.*)$/s.exec(text) ?? [];
    try {
      trustKind(kind);
      return { kind, path };
    } catch (error) {
      if (!(error instanceof OciEncError)) throw error;
      throw wrongMember(place, "has a member that is not a kind and the absolute name of a file", trustHint());
    }
  });
}

function trustHint(): string {
  return `write one of ${kindForms("trust")}`;
}

function readRequireEncrypted(place: TomlPlace | undefined): Demands["requireEncrypted"] {
  if (place === undefined || place.value === false) return undefined;
  if (place.value === true) return "all";
  return wordOf(place, ["all", "some"]);
}

function readBundleIdentity(place: TomlPlace | undefined): Demands["bundleIdentity"] {
  return place === undefined ? "none" : wordOf(place, ["none", "any"]);
}
