import { OciEncError } from "../../errors.js";
import { algorithmOf, type Digest, hexOf } from "../../oci/digest.js";
import { type JsonNode, memberOf, parseJson } from "../../oci/json-text.js";
import type { Claims } from "../claims.js";

/** What a statement says that signs an image and does not describe it. */
export const signPredicateType = "https://sigstore.dev/cosign/sign/v1";

const statementType = "https://in-toto.io/Statement/v1";
const members: readonly string[] = ["_type", "subject", "predicateType", "predicate"];

/** One of the things that a statement is about. */
export interface StatementSubject {
  /** Whether its digest is that of the image. */
  readonly matches: boolean;
  /** The claims of `-a`. */
  readonly claims: Claims;
}

/**
 * Reads a statement whose signature has held, and says which of its subjects are `digest`. `signing-and-policy.md` 1.5 and
 * 1.6 step 4. CORRUPT when it is malformed; UNTRUSTED when it is an attestation, which vouches for nothing but itself.
 */
export function parseStatement(bytes: Uint8Array, digest: Digest): readonly StatementSubject[] {
  const { text, root } = parseJson(bytes, "the statement");
  if (root.kind !== "object") throw malformed("it is not an object");
  const strange = root.members.find(({ key }) => !members.includes(key));
  if (strange) throw malformed(`it has a member ${JSON.stringify(strange.key.slice(0, 80))}`);
  const type = textOf(memberOf(root, "_type"), "_type");
  if (type !== statementType) throw untrusted(`a statement of the type ${JSON.stringify(type.slice(0, 80))}`);
  const predicateType = textOf(memberOf(root, "predicateType"), "predicateType");
  if (predicateType !== signPredicateType) {
    throw untrusted(`an attestation of the type ${JSON.stringify(predicateType.slice(0, 80))}, and no signature`);
  }
  const subjects = memberOf(root, "subject");
  if (subjects?.kind !== "array" || subjects.items.length === 0) throw malformed("it has no subject");
  return subjects.items.map((subject) => readSubject(subject, { text, digest }));
}

/** The statement to sign, as cosign writes it. */
export function writeStatement(digest: Digest, claims: Readonly<Record<string, string>>): Uint8Array {
  const subject = { digest: { [algorithmOf(digest)]: hexOf(digest) }, annotations: claims };
  const statement = { _type: statementType, subject: [subject], predicateType: signPredicateType, predicate: {} };
  return Buffer.from(JSON.stringify(statement));
}

function readSubject(node: JsonNode, { text, digest }: { text: string; digest: Digest }): StatementSubject {
  const digests = memberOf(node, "digest");
  if (digests?.kind !== "object") throw malformed("a subject has no digest");
  for (const { value } of digests.members) textOf(value, "a digest");
  const found = memberOf(digests, algorithmOf(digest));
  const annotations = memberOf(node, "annotations");
  if (annotations && annotations.kind !== "object" && !isNull(annotations)) {
    throw malformed("the annotations of a subject are not an object");
  }
  return {
    matches: found?.kind === "string" && found.value === hexOf(digest),
    claims: annotations?.kind === "object" ? JSON.parse(text.slice(annotations.start, annotations.end)) : {},
  };
}

function isNull(node: JsonNode): boolean {
  return node.kind === "literal" && node.value === null;
}

function textOf(node: JsonNode | undefined, what: string): string {
  if (node?.kind !== "string") throw malformed(`${what} is not a string`);
  return node.value;
}

function malformed(why: string): OciEncError {
  return new OciEncError("CORRUPT", `the statement is malformed: ${why}`);
}

function untrusted(why: string): OciEncError {
  return new OciEncError("UNTRUSTED", why);
}
