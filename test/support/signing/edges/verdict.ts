import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { notaryVerifier } from "../../../../src/sign/notary/policy-verifier.js";
import { parseTrustPolicy, selectStatement } from "../../../../src/sign/notary/trust/trust-policy.js";
import { openTrustStores } from "../../../../src/sign/notary/trust/trust-store.js";
import { sigstoreVerifier } from "../../../../src/sign/sigstore/verifier.js";
import { listSignatures } from "../../../../src/sign/store.js";
import type { Verifier } from "../../../../src/sign/verifier.js";
import { attachedSource, type Kept } from "../../images/kept-attachments.js";
import { MemoryPlace } from "../../images/memory-image.js";
import { readSigned, signedSubject } from "../signed-vectors.js";
import { type Edge, tagOf, type Verdict } from "./edge.js";

/** What oci-enc makes of an edge, and every reason that it gives. */
export interface OurVerdict {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
}

/** The image that every edge lies beside. */
export function edgeImage(): { readonly descriptor: Descriptor; readonly bytes: Uint8Array } {
  const descriptor = signedSubject();
  return { descriptor, bytes: readSigned(`registry/blobs/${descriptor.digest.replace(":", "/")}`) };
}

/** The verdict on an edge, in memory; `stores` is a trust store with the chain of the vectors. */
export async function verdictOnEdge(edge: Edge, stores: string): Promise<OurVerdict> {
  const { descriptor } = edgeImage();
  const { signatures, broken } = await listSignatures(sourceOf(edge), descriptor.digest);
  const verifier = edge.trusted ? sigstoreVerifier([edge.trusted]) : notaryVerifierIn(stores);
  const reasons = broken.map(({ where, failure }) => `${where}: ${failure.message}`);
  for (const signature of signatures) {
    if (!verifier.formats.includes(signature.format)) continue;
    const verdict = await verifier.verify(signature, { descriptor, identity: undefined }, new Date());
    if (verdict.verdict === "accepted") return { verdict: "accept", reasons };
    reasons.push(verdict.reason);
  }
  return { verdict: "refuse", reasons };
}

function sourceOf(edge: Edge) {
  const { descriptor, bytes } = edgeImage();
  const beside = edge.beside(descriptor, bytes);
  const place = new MemoryPlace();
  const kept: Kept = { referrers: [], sig: undefined, messages: [] };
  place.names.set("a", place.add(descriptor.mediaType, bytes));
  for (const blob of beside.blobs) place.add("", blob);
  for (const { bytes: manifest, mediaType, tag } of beside.manifests) {
    const added = place.add(mediaType, manifest);
    if (tag === `${tagOf(descriptor.digest)}.sig`) kept.sig = added;
    if (tag === tagOf(descriptor.digest)) kept.referrers = JSON.parse(Buffer.from(manifest).toString()).manifests;
  }
  return attachedSource(place, "a", kept);
}

function notaryVerifierIn(stores: string): Verifier {
  const statement = selectStatement(parseTrustPolicy(edgeTrustPolicy, "trustpolicy.json"), undefined);
  if (statement.level === "skip") throw new Error("the statement skips the edges");
  return notaryVerifier(statement, openTrustStores(stores));
}

const edgeTrustPolicy = Buffer.from(
  JSON.stringify({
    version: "1.0",
    trustPolicies: [
      {
        name: "edges",
        registryScopes: ["*"],
        signatureVerification: { level: "strict" },
        trustStores: ["ca:ec256"],
        trustedIdentities: ["*"],
      },
    ],
  }),
);
