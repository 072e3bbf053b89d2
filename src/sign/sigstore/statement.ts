import { OciEncError } from "../../errors.js";
import { algorithmOf, type Digest, hexOf } from "../../oci/digest.js";
import { type JsonNode, memberOf, parseJson } from "../../oci/json-text.js";
import type { Claims } from "../claims.js";
import { protoItems, protoMembers, protoText } from "./proto-json.js";

/** The predicate type of a statement that signs an image; others describe one. */
export const signPredicateType = "https://sigstore.dev/cosign/sign/v1";

const statementType = "https://in-toto.io/Statement/v1";
const what = "the statement";

/** One of the things that a statement is about. */
export interface StatementSubject {
  /** Whether its digest is that of the image. */
  readonly matches: boolean;
  /** The claims of `-a`. */
  readonly claims: Claims;
}

/**
 * Reads a statement whose signature has held, and says which of its subjects are `digest`. `signing-and-policy.md` 1.5 and
 * 1.6.4. CORRUPT when it is malformed; UNTRUSTED when it is an attestation, which does not sign the image.
 */
export function parseStatement(bytes: Uint8Array, digest: Digest): readonly StatementSubject[] {
  const { text, root } = parseJson(bytes, what);
  const statement = protoMembers(root, ["_type", "subject", "predicateType", "predicate"], what);
  const type = protoText(statement, "_type", what);
  if (type !== statementType) throw untrusted(`a statement of the type ${JSON.stringify(type.slice(0, 80))}`);
  const predicateType = protoText(statement, "predicateType", what);
  if (predicateType !== signPredicateType) {
    throw untrusted(`an attestation of the type ${JSON.stringify(predicateType.slice(0, 80))}, and no signature`);
  }
  const predicate = statement.get("predicate");
  if (predicate && predicate.kind !== "object") throw malformed("its predicate is not an object");
  const subjects = protoItems(statement, "subject", what);
  if (subjects.length === 0) throw malformed("it has no subject");
  return subjects.map((subject) => readSubject(subject, { text, digest }));
}

/** The statement to sign, as cosign writes it. */
export function writeStatement(digest: Digest, claims: Readonly<Record<string, string>>): Uint8Array {
  const subject = { digest: { [algorithmOf(digest)]: hexOf(digest) }, annotations: claims };
  const statement = { _type: statementType, subject: [subject], predicateType: signPredicateType, predicate: {} };
  return Buffer.from(JSON.stringify(statement));
}

const subjectMembers = ["name", "uri", "digest", "content", "downloadLocation", "mediaType", "annotations"];

function readSubject(node: JsonNode, { text, digest }: { text: string; digest: Digest }): StatementSubject {
  const subject = protoMembers(node, subjectMembers, "a subject of the statement");
  const digests = subject.get("digest");
  if (digests?.kind !== "object") throw malformed("a subject has no digest");
  if (digests.members.some(({ value }) => value.kind !== "string")) throw malformed("a digest is not a string");
  const found = memberOf(digests, algorithmOf(digest));
  const annotations = subject.get("annotations");
  if (annotations && annotations.kind !== "object") throw malformed("the annotations of a subject are not an object");
  return {
    matches: found?.kind === "string" && found.value === hexOf(digest),
    claims: annotations ? JSON.parse(text.slice(annotations.start, annotations.end)) : {},
  };
}

function malformed(why: string): OciEncError {
  return new OciEncError("CORRUPT", `the statement is malformed: ${why}`);
}

function untrusted(why: string): OciEncError {
  return new OciEncError("UNTRUSTED", why);
}
