import { isBase64 } from "../bytes/base64.js";
import { invalid, itemsOf, type RuleNode, textOf } from "./strict-members.js";

/** Where a key is: in a file, or in the policy itself. */
export type KeySource =
  | { readonly kind: "path"; readonly path: string; readonly where: string }
  | { readonly kind: "data"; readonly bytes: Uint8Array; readonly where: string };

/** Whose rules a policy was written for. */
export type PolicyDialect = "containers" | "image-rs";

/** The members that name keys, as far as there are any. */
export interface KeyMembers {
  readonly keyPath?: RuleNode | undefined;
  readonly keyPaths?: RuleNode | undefined;
  readonly keyData?: RuleNode | undefined;
  readonly keyDatas?: RuleNode | undefined;
}

/** Reads the keys of the members that are there; how many of them there may be is for the caller to say. CORRUPT. */
export function readKeySources(members: KeyMembers, dialect: PolicyDialect): readonly KeySource[] {
  const paths = [...one(members.keyPath), ...several(members.keyPaths)];
  const data = [...one(members.keyData), ...several(members.keyDatas)];
  return [
    ...paths.map((place): KeySource => ({ kind: "path", path: textOf(place), where: place.path })),
    ...data.map((place) => readKeyData(place, dialect)),
  ];
}

function one(place: RuleNode | undefined): readonly RuleNode[] {
  return place === undefined ? [] : [place];
}

function several(place: RuleNode | undefined): readonly RuleNode[] {
  if (place === undefined) return [];
  const items = itemsOf(place);
  if (items.length === 0) throw invalid(place, "has no entries");
  return items;
}

/** Base64; image-rs uses what stands there as PEM. */
function readKeyData(place: RuleNode, dialect: PolicyDialect): KeySource {
  const text = textOf(place);
  if (dialect === "image-rs" && text.trimStart().startsWith("-----BEGIN ")) {
    return { kind: "data", bytes: Buffer.from(text), where: place.path };
  }
  const base64 = text.replaceAll(/[\r\n]/g, "");
  if (!isBase64(base64)) throw invalid(place, "is not base64");
  return { kind: "data", bytes: Buffer.from(base64, "base64"), where: place.path };
}
