import { join } from "node:path";
import { configFolder, type Machine, thisMachine } from "../files/machine.js";
import { readFirst } from "./policy-file.js";
import { invalid, membersOf, quoted, type RuleNode, readDocument, textOf } from "./strict-members.js";

/** What `image-classes.json` decides: which classes of images may be used. `signing-and-policy.md` 6.3. */
export interface ClassRules {
  readonly plainSigned: "allow" | "deny";
  readonly plainUnsigned: "allow" | "warn" | "deny";
}

/** An image as the classes see it. */
export interface ClassOfImage {
  /** How many of its layers are encrypted. */
  readonly encrypted: "all" | "some" | "none";
  /** At least one signature verifies under the trust material in force. */
  readonly signed: boolean;
}

/** What is asked for one call. */
export interface ClassDemands {
  readonly requireEncrypted?: "all" | "some" | undefined;
  readonly requireSigned?: boolean | undefined;
}

/** Whether images of a class may be used; `reason` is for people. */
export type ClassDecision =
  | { readonly verdict: "allowed" }
  | { readonly verdict: "warned" | "refused"; readonly reason: string };

/** Without a file. */
export const usualClassRules: ClassRules = { plainSigned: "allow", plainUnsigned: "allow" };

/**
 * Decides by the table of `signing-and-policy.md` 6.3. Nothing disables encrypted images with a signature. An image of which only some layers are
 * encrypted is a signed one, or, as anybody could have added the plain layers, a plain unsigned one.
 */
export function decideClass(image: ClassOfImage, rules: ClassRules, demands: ClassDemands = {}): ClassDecision {
  const { encrypted, signed } = image;
  if (demands.requireSigned && !signed) return refusedAs("no trusted signature vouches for the image");
  if (demands.requireEncrypted === "all" && encrypted !== "all")
    return refusedAs(`${plainLayers(encrypted)} not encrypted`);
  if (encrypted === "all" || (encrypted === "some" && signed)) return { verdict: "allowed" };
  if (signed) return decidePlainSigned(rules, demands);
  const reason = `${plainLayers(encrypted)} not encrypted, and no trusted signature vouches for the image`;
  if (demands.requireEncrypted !== undefined || rules.plainUnsigned === "deny") return refusedAs(reason);
  return rules.plainUnsigned === "warn" ? { verdict: "warned", reason } : { verdict: "allowed" };
}

/** Decides for every image of an index, none of which may hide behind another: the strictest decision is the one. */
export function decideClasses(
  { each, signed }: { readonly each: readonly ClassOfImage["encrypted"][]; readonly signed: boolean },
  rules: ClassRules,
  demands: ClassDemands,
): ClassDecision {
  const images = each.length === 0 ? (["none"] as const) : each;
  const decisions = images.map((encrypted) => decideClass({ encrypted, signed }, rules, demands));
  const strictest = (["refused", "warned"] as const).map((verdict) => decisions.find((one) => one.verdict === verdict));
  return strictest.find((one) => one !== undefined) ?? { verdict: "allowed" };
}

/**
 * Reads the file in force: that which is named, else the user's; without one, and where none is wanted,
 * {@link usualClassRules}. CORRUPT, NOT_FOUND, LOCAL_IO.
 */
export async function readClassRules(
  path: string | { readonly kind: "none" } | undefined,
  machine: Machine = thisMachine,
): Promise<ClassRules> {
  if (typeof path === "object") return usualClassRules;
  const usual = [join(configFolder(machine), "oci-enc", "image-classes.json")];
  const found = await readFirst(path, usual, "the image classes");
  return found === undefined ? usualClassRules : parseClassRules(found.bytes, found.path);
}

/** Reads `image-classes.json` strictly. CORRUPT when anything in it is unknown, twice there or of another schema. */
export function parseClassRules(bytes: Uint8Array, origin: string): ClassRules {
  const what = `the image classes ${quoted(origin)}`;
  const document = readDocument(bytes, { what, warn: undefined });
  const { schema, plainSigned, plainUnsigned } = membersOf(document, ["schema", "plainSigned", "plainUnsigned"]);
  if (textOf(schema) !== classesSchema) throw invalid(document, `is not of the schema "${classesSchema}"`);
  return {
    plainSigned: choice(plainSigned, ["allow", "deny"]) ?? usualClassRules.plainSigned,
    plainUnsigned: choice(plainUnsigned, ["allow", "warn", "deny"]) ?? usualClassRules.plainUnsigned,
  };
}

const classesSchema = "oci-enc/classes/v1";

function choice<T extends string>(place: RuleNode | undefined, words: readonly T[]): T | undefined {
  if (place === undefined) return undefined;
  const text = textOf(place);
  const word = words.find((one) => one === text);
  if (word === undefined) throw invalid(place, `is none of ${words.join(", ")}`);
  return word;
}

function decidePlainSigned(rules: ClassRules, demands: ClassDemands): ClassDecision {
  if (demands.requireEncrypted !== undefined) return refusedAs(`${plainLayers("none")} not encrypted`);
  return rules.plainSigned === "deny"
    ? refusedAs("the image is signed and not encrypted, which the image classes deny")
    : { verdict: "allowed" };
}

function plainLayers(encrypted: ClassOfImage["encrypted"]): string {
  return encrypted === "some" ? "some layers of the image are" : "the image is";
}

function refusedAs(reason: string): ClassDecision {
  return { verdict: "refused", reason };
}
