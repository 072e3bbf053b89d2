import { OciEncError } from "../errors.js";
import { type AttachedManifest, manifestOver } from "../oci/attached-manifest.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, digestOf } from "../oci/digest.js";
import { formatRow, layerType } from "../oci/signature-formats.js";
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
  const keeping = attachable(target);
  if (!keeping) {
    throw new OciEncError("UNSUPPORTED", `${target.name} cannot keep signatures`, {
      hint: `${listTransports(({ attachments }) => attachments)} can`,
    });
  }
  const stranger = signatures.find((signature) => signature.subject !== subject.digest);
  if (stranger) throw new Error(`a signature of ${stranger.subject} is not a signature of ${subject.digest}`);
  const layers = signatures.filter(({ format }) => formatRow(format).kept.in === "digest tag");
  if (layers.length > 0) await attachLayers(keeping, subject.digest, layers);
  const digests: Digest[] = [];
  for (const signature of signatures) digests.push(await attachOne(keeping, subject, signature));
  return digests;
}

/** The manifest of a digest tag that holds these signatures, each as a layer, and no others. `signing-and-policy.md` 1.3. */
export function signatureManifest(
  signatures: readonly Pick<Signature, "format" | "content" | "annotations">[],
): AttachedManifest {
  return manifestOver(
    signatures.map(({ format, content, annotations }) => ({
      mimeType: layerType(format),
      payload: content,
      annotations,
    })),
  );
}

type AttachableTarget = ImageTarget & AttachmentTarget;

/** All at once: the tag is read and written once. */
async function attachLayers(
  target: AttachableTarget,
  subject: Digest,
  signatures: readonly Signature[],
): Promise<void> {
  for (const { content } of signatures) await putBytes(target, content);
  await target.putDigestTag(subject, "sig", signatureManifest(signatures));
}

async function attachOne(target: AttachableTarget, subject: Descriptor, signature: Signature): Promise<Digest> {
  const { content, format } = signature;
  if (formatRow(format).kept.in === "message") await target.addSimpleSignature(subject.digest, content);
  const referrer = referrerManifest(signature, subject);
  if (!referrer) return digestOf(content);
  for (const blob of referrer.blobs) await putBytes(target, blob);
  await target.putReferrer(subject.digest, referrer.descriptor, referrer.bytes);
  return referrer.descriptor.digest;
}

async function putBytes(target: AttachableTarget, bytes: Uint8Array): Promise<void> {
  const sum = { digest: digestOf(bytes), size: bytes.length };
  if (await target.has({ mediaType: "application/octet-stream", ...sum })) return;
  async function* once(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  await target.put({ bytes: once(), size: sum.size, digest: sum.digest, sum: () => sum });
}
