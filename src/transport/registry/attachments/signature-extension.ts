import { randomBytes } from "node:crypto";
import { OciEncError } from "../../../errors.js";
import type { Digest } from "../../../oci/digest.js";
import { type JsonNode, memberOf, parseJson } from "../../../oci/json-text.js";
import { manifestLimit } from "../../../oci/manifest.js";
import { signatureLimits } from "../../attachments.js";
import { documentProblem, type RegistryClient } from "../client.js";
import { pullScopes, pushScopes, repositoryName } from "../manifests.js";

/**
 * Whether the registry keeps simple signatures itself: X-Registry-Supports-Signatures, OpenShift's extension.
 * `signing-and-policy.md` 3.2. What it says to somebody whom
 * it does not let in counts, too. UNAVAILABLE.
 */
export async function keepsSignatures(client: RegistryClient): Promise<boolean> {
  const answer = await client.request({ method: "GET", target: "/v2/", scopes: pullScopes(client), repeat: true });
  if (answer.status >= 500) {
    throw await client.problem(answer, `cannot ask ${JSON.stringify(client.host)} where it keeps signatures`);
  }
  await answer.discard();
  return answer.header("x-registry-supports-signatures") === "1";
}

/** The signatures that the registry has of a manifest, in its order. CORRUPT when the list is none; DENIED, UNAVAILABLE. */
export async function listExtensionSignatures(client: RegistryClient, subject: Digest): Promise<readonly Uint8Array[]> {
  const what = `the signatures of ${subject} in ${JSON.stringify(repositoryName(client))}`;
  const document = await client.document(
    {
      method: "GET",
      target: addressOf(client, subject),
      headers: { accept: "application/json" },
      scopes: pullScopes(client),
      repeat: true,
    },
    { what, limit: 2 * manifestLimit },
  );
  if (document.answer.status === 404) return [];
  if (document.answer.status !== 200) throw documentProblem(document, `cannot read ${what}`);
  const list = memberOf(parseJson(document.bytes, what).root, "signatures");
  if (list === undefined || (list.kind === "literal" && list.value === null)) return [];
  if (list.kind !== "array") throw new OciEncError("CORRUPT", `${what} came without a list`);
  const found = list.items.map(contentOf).filter((content) => content !== undefined);
  if (found.length > signatureLimits.count)
    throw new OciEncError("CORRUPT", `${what} are more than ${signatureLimits.count}`);
  return found;
}

/** Adds a signature; nothing when it is there already. DENIED, UNAVAILABLE. */
export async function addExtensionSignature(
  client: RegistryClient,
  subject: Digest,
  signature: Uint8Array,
): Promise<void> {
  if (await hasSignature(client, subject, signature)) return;
  const entry = {
    schemaVersion: 2,
    name: `${subject}@${randomBytes(16).toString("hex")}`,
    type: "atomic",
    content: Buffer.from(signature).toString("base64"),
  };
  const what = `a signature of ${subject} in ${JSON.stringify(repositoryName(client))}`;
  const document = await client.document(
    {
      method: "PUT",
      target: addressOf(client, subject),
      headers: { "content-type": "application/json" },
      body: Buffer.from(JSON.stringify(entry)),
      scopes: pushScopes(client),
      repeat: true,
    },
    { what, limit: manifestLimit },
  );
  if (document.answer.status === 201) return;
  // A repetition meets its own name where the first one did its work.
  if (document.answer.status === 409 && (await hasSignature(client, subject, signature))) return;
  throw documentProblem(document, `cannot store ${what}`);
}

async function hasSignature(client: RegistryClient, subject: Digest, signature: Uint8Array): Promise<boolean> {
  const there = await listExtensionSignatures(client, subject);
  return there.some((known) => Buffer.compare(known, signature) === 0);
}

/** Undefined: an entry of another version or type. */
function contentOf(entry: JsonNode): Uint8Array | undefined {
  const version = memberOf(entry, "schemaVersion");
  const type = memberOf(entry, "type");
  const content = memberOf(entry, "content");
  if (version?.kind !== "number" || version.value !== 2) return undefined;
  if (type?.kind !== "string" || type.value !== "atomic" || content?.kind !== "string") return undefined;
  return Buffer.from(content.value, "base64");
}

function addressOf(client: RegistryClient, subject: Digest): string {
  return `/extensions/v2/${client.repository}/signatures/${subject}`;
}
