import { OciEncError } from "../errors.js";
import { type ImageName, parseImageName, printImageName } from "../oci/image-name.js";

/** How the name that a signature claims has to fit the name that was asked for. `signing-and-policy.md` 4.2. */
export type SignedIdentity =
  | { readonly type: "matchExact" | "matchRepoDigestOrExact" | "matchRepository" }
  | { readonly type: "exactReference"; readonly reference: ImageName }
  | { readonly type: "exactRepository"; readonly repository: ImageName }
  | { readonly type: "remapIdentity"; readonly prefix: string; readonly signedPrefix: string }
  /** Any name: what image-rs does where a sigstore requirement has no rule. */
  | { readonly type: "any" };

/** The rule where a requirement has none. */
export const usualIdentity: SignedIdentity = { type: "matchRepoDigestOrExact" };

/**
 * Whether a signature that claims to be about `claimed` is about the image that was asked for as `asked`. What is not an image
 * name fits nothing, and an image without a name fits only the rules that bring one.
 */
export function fits(rule: SignedIdentity, asked: ImageName | undefined, claimed: string): boolean {
  if (rule.type === "any") return true;
  const signed = readReference(claimed);
  if (signed === undefined) return false;
  if (rule.type === "exactReference") return sameReference(rule.reference, signed);
  if (rule.type === "exactRepository") return repositoryOf(rule.repository) === repositoryOf(signed);
  if (asked === undefined) return false;
  switch (rule.type) {
    case "matchExact":
      return sameReference(asked, signed);
    case "matchRepository":
      return repositoryOf(asked) === repositoryOf(signed);
    case "matchRepoDigestOrExact":
      return sameOrByDigest(asked, signed);
    case "remapIdentity": {
      const remapped = remap(asked, rule);
      return remapped !== undefined && sameOrByDigest(remapped, signed);
    }
  }
}

/**
 * A name in Docker's grammar, Docker Hub's short names completed, with neither tag nor digest where it has none.
 * Undefined when it is not a name.
 */
export function readReference(text: string): ImageName | undefined {
  // The grammar keeps such a name for image ids.
  if (/^[0-9a-f]{64}$/.test(text)) return undefined;
  try {
    const name = parseImageName(text);
    const tagged = name.tag !== "latest" || text.replace(/@.*/s, "").endsWith(":latest");
    return tagged ? name : { ...name, tag: undefined };
  } catch (error) {
    if (error instanceof OciEncError) return undefined;
    throw error;
  }
}

/** Whether a name has neither tag nor digest. */
export function isNameOnly({ tag, digest }: ImageName): boolean {
  return tag === undefined && digest === undefined;
}

/** A host, or a host and leading parts of a repository: what may stand before `/` and more. */
export function isRemapPrefix(text: string): boolean {
  const name = readReference(`${text}/x`);
  return name !== undefined && isNameOnly(name);
}

/** `host/repository`, by which scopes and rules go. */
function repositoryOf({ host, repository }: ImageName): string {
  return `${host}/${repository}`;
}

function sameReference(one: ImageName, other: ImageName): boolean {
  return !isNameOnly(one) && !isNameOnly(other) && printImageName(one) === printImageName(other);
}

function sameOrByDigest(asked: ImageName, signed: ImageName): boolean {
  if (isNameOnly(signed) || isNameOnly(asked)) return false;
  return asked.tag === undefined ? repositoryOf(asked) === repositoryOf(signed) : sameReference(asked, signed);
}

/** The same name elsewhere; as it is when the prefix does not match; undefined when it would not be a full name there. */
function remap(asked: ImageName, rule: SignedIdentity & { readonly type: "remapIdentity" }): ImageName | undefined {
  const repository = repositoryOf(asked);
  if (repository !== rule.prefix && !repository.startsWith(`${rule.prefix}/`)) return asked;
  const text = `${rule.signedPrefix}${printImageName(asked).slice(rule.prefix.length)}`;
  const remapped = readReference(text);
  return remapped !== undefined && printImageName(remapped) === text ? remapped : undefined;
}
