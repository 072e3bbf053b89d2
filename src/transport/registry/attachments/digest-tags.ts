import { verifying } from "../../../bytes/verifying.js";
import { OciEncError } from "../../../errors.js";
import type { Descriptor } from "../../../oci/descriptor.js";
import { type Digest, digestOf } from "../../../oci/digest.js";
import { type ImageManifest, manifestLimit, parseManifest } from "../../../oci/manifest.js";
import { type AttachedBytes, mergeSignatureManifests } from "../../../oci/merge-signature-manifest.js";
import { type AttachedManifest, type DigestTagKind, digestTagName } from "../../attachments.js";
import { streamBlob } from "../blobs/blob-stream.js";
import { hasBlob } from "../blobs/blobs.js";
import { uploadBlob } from "../blobs/upload.js";
import type { RegistryClient } from "../client.js";
import { bounded } from "../http/redact.js";
import { fetchManifest, pullScopes, pushScopes } from "../manifests.js";
import { type Merged, occupied, type SharedTag } from "./add-to-tag.js";

/** The manifest under a digest tag. */
export interface DigestTagged {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly manifest: ImageManifest;
}

/** The manifest under a digest tag; undefined when there is none. CORRUPT when something else is there. */
export async function findDigestTag(
  client: RegistryClient,
  subject: Digest,
  kind: DigestTagKind,
): Promise<DigestTagged | undefined> {
  const tag = digestTagName(subject, kind);
  const found = await look(client, tag, pullScopes(client));
  if (typeof found !== "string") return found;
  throw new OciEncError("CORRUPT", `the tag ${tag} of ${client.host} names ${bounded(found)}, not attachments`);
}

/** A digest tag to which a manifest's layers are to be added; its blobs are there. */
export function sharedDigestTag(client: RegistryClient, tag: string, attached: AttachedManifest): SharedTag {
  return {
    client,
    tag,
    async merge(): Promise<Merged> {
      const there = await look(client, tag, pushScopes(client));
      if (typeof there === "string") throw occupied(client, tag, { wanted: "attachments", found: there });
      if (!there) {
        await putConfig(client, attached.bytes, attached.config);
        return { from: undefined, to: attached };
      }
      const config = await readConfig(client, there.manifest.config);
      const united = mergeSignatureManifests({ bytes: there.bytes, config }, attached);
      const from = there.descriptor.digest;
      return { from, to: united && (await stored(client, united, there.descriptor.mediaType)) };
    },
  };
}

/** Undefined: no such tag. Text: something else, which the text names. */
async function look(
  client: RegistryClient,
  tag: string,
  scopes: readonly string[],
): Promise<DigestTagged | string | undefined> {
  try {
    const { descriptor, bytes } = await fetchManifest(client, tag, scopes);
    const manifest = parseManifest(bytes, descriptor.mediaType);
    if (manifest.kind === "manifest") return { descriptor, bytes, manifest };
    return `the index ${descriptor.digest}`;
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    if (error.code === "NOT_FOUND") return undefined;
    // With a status it is the registry that refuses, whatever is there.
    if ((error.code !== "CORRUPT" && error.code !== "UNSUPPORTED") || error.context["status"] !== undefined)
      throw error;
    return `what is not a manifest (${error.message})`;
  }
}

async function stored(client: RegistryClient, { bytes, config }: AttachedBytes, mediaType: string) {
  await putConfig(client, bytes, config);
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

async function putConfig(client: RegistryClient, manifest: Uint8Array, config: Uint8Array): Promise<void> {
  const view = parseManifest(manifest, "");
  if (view.kind !== "manifest") throw new Error("attachments are not an index");
  const { digest, size } = view.config;
  const sum = { digest, size };
  if (await hasBlob(client, sum)) return;
  const bytes = (async function* () {
    yield config;
  })();
  await uploadBlob(client, { bytes: verifying(bytes, sum), size, digest, sum: () => sum });
}

async function readConfig(client: RegistryClient, config: Descriptor): Promise<Uint8Array> {
  if (config.size > manifestLimit) {
    throw new OciEncError("CORRUPT", `a config of ${config.size} bytes is larger than ${manifestLimit}`);
  }
  const parts: Uint8Array[] = [];
  for await (const chunk of verifying(streamBlob(client, config), config)) parts.push(chunk);
  return Buffer.concat(parts);
}
