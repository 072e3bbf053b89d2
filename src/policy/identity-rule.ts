import type { ImageName } from "../oci/image-name.js";
import { isNameOnly, isRemapPrefix, readReference, type SignedIdentity } from "./identity.js";
import { entriesOf, invalid, membersOf, type RuleNode, textOf } from "./strict-members.js";

/** Reads a `signedIdentity`. CORRUPT when it is malformed or of an unknown type. */
export function readIdentityRule(place: RuleNode): SignedIdentity {
  const type = textOf(entriesOf(place, ["type"]).find(([key]) => key === "type")?.[1]);
  switch (type) {
    case "matchExact":
    case "matchRepoDigestOrExact":
    case "matchRepository":
      membersOf(place, ["type"]);
      return { type };
    case "exactReference":
      return { type, reference: readExactReference(place) };
    case "exactRepository":
      return {
        type,
        repository: readName(required(place, membersOf(place, ["type", "dockerRepository"]).dockerRepository)),
      };
    case "remapIdentity": {
      const { prefix, signedPrefix } = membersOf(place, ["type", "prefix", "signedPrefix"]);
      return {
        type,
        prefix: readPrefix(required(place, prefix)),
        signedPrefix: readPrefix(required(place, signedPrefix)),
      };
    }
    default:
      throw invalid(place, "is of a type that is not known");
  }
}

function readExactReference(place: RuleNode): ImageName {
  const member = required(place, membersOf(place, ["type", "dockerReference"]).dockerReference);
  const reference = readName(member);
  if (isNameOnly(reference)) throw invalid(member, "has neither a tag nor a digest");
  return reference;
}

function required(place: RuleNode, member: RuleNode | undefined): RuleNode {
  if (member === undefined) throw invalid(place, "does not have a member that its type requires");
  return member;
}

function readName(place: RuleNode): ImageName {
  const name = readReference(textOf(place));
  if (name === undefined) throw invalid(place, "is not an image name");
  return name;
}

function readPrefix(place: RuleNode): string {
  const prefix = textOf(place);
  if (!isRemapPrefix(prefix)) throw invalid(place, "is neither a host nor a host with the first parts of a repository");
  return prefix;
}
