import { OciEncError } from "../errors.js";
import { type AttachedManifest, manifestOver } from "../oci/attached-manifest.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, digestOf } from "../oci/digest.js";
import { type KeptForm, type SignatureFormat, signatureFormats, simpleSigningLayer } from "../oci/signature-formats.js";
import { type AttachmentTarget, attachable } from "../transport/attachments.js";
import { listTransports } from "../transport/references.js";
import type { ImageTarget } from "../transport/transport.js";
import { referrerManifest } from "./referrer-form.js";
import type { Signature } from "./signature.js";

/**
 * Puts signatures of the manifest `subject` beside it, each as its format is kept. They become visible in the target's
 * `commit`; what is there already stays. Gives back, in their order, the digests by which they are known: of the referrer's
 * manifest, or of the payload or message itself, as what holds those is shared with others. UNSUPPORTED when the target
 * keeps no signatures.
 */
export async function attach(
  target: ImageTarget,
  subject: Descriptor,
  signatures: readonly Signature[],
): Promise<readonly Digest[]> {
  const place = attachable(target);
  if (!place) {
    throw new OciEncError("UNSUPPORTED", `${target.name} cannot keep signatures`, {
      hint: `${listTransports(({ attachments }) => attachments)} can`,
    });
  }
  const stranger = signatures.find((signature) => signature.subject !== subject.digest);
  if (stranger) throw new Error(`a signature of ${stranger.subject} is not a signature of ${subject.digest}`);
  const layers = signatures.filter(({ format }) => keptIn(format) === "digest tag");
  if (layers.length > 0) await attachLayers(place, subject.digest, layers);
  const digests: Digest[] = [];
  for (const signature of signatures) digests.push(await attachOne(place, subject, signature));
  return digests;
}

/** The manifest of a digest tag that holds these `sig` signatures and no others. `signing-and-policy.md` 1.3. */
export function signatureManifest(signatures: readonly Pick<Signature, "content" | "annotations">[]): AttachedManifest {
  return manifestOver(
    signatures.map(({ content, annotations }) => ({ mimeType: simpleSigningLayer, payload: content, annotations })),
  );
}

type Place = ImageTarget & AttachmentTarget;

/** All at once: the tag is read and written once. */
async function attachLayers(place: Place, subject: Digest, signatures: readonly Signature[]): Promise<void> {
  for (const { content } of signatures) await putBytes(place, content);
  await place.putDigestTag(subject, "sig", signatureManifest(signatures));
}

async function attachOne(place: Place, subject: Descriptor, signature: Signature): Promise<Digest> {
  const { content, format } = signature;
  if (keptIn(format) === "message") await place.addSimpleSignature(subject.digest, content);
  const referrer = referrerManifest(signature, subject);
  if (!referrer) return digestOf(content);
  for (const blob of referrer.blobs) await putBytes(place, blob);
  await place.putReferrer(subject.digest, referrer.descriptor, referrer.bytes);
  return referrer.descriptor.digest;
}

function keptIn(format: SignatureFormat): KeptForm["in"] | undefined {
  return signatureFormats.find(({ name }) => name === format)?.kept.in;
}

async function putBytes(place: Place, bytes: Uint8Array): Promise<void> {
  const sum = { digest: digestOf(bytes), size: bytes.length };
  if (await place.has({ mediaType: "application/octet-stream", ...sum })) return;
  async function* once(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  await place.put({ bytes: once(), size: sum.size, digest: sum.digest, sum: () => sum });
}
