import type { Descriptor } from "../../../src/oci/descriptor.js";
import type { Digest } from "../../../src/oci/digest.js";
import { parseManifest } from "../../../src/oci/manifest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { listedReferrer } from "../../../src/oci/referrer.js";
import {
  type AttachmentSource,
  type AttachmentTarget,
  type DigestTagKind,
  digestTagName,
} from "../../../src/transport/attachments.js";
import type { ImageSource, ImageTarget } from "../../../src/transport/transport.js";
import { MemoryPlace } from "./memory-image.js";

/** A place in memory that keeps what belongs to its images. */
export class AttachedPlace extends MemoryPlace {
  readonly lists = new Map<Digest, Descriptor[]>();
  readonly tags = new Map<string, Descriptor>();
  readonly messages = new Map<Digest, Uint8Array[]>();

  /** Keeps and lists an artifact with one layer. */
  refer(subject: Descriptor, content: string, artifactType = "example/artifact", extra: object = {}): Descriptor {
    const referrer = this.artifact(subject, content, artifactType, extra);
    this.list(subject.digest, referrer);
    return referrer;
  }

  /** Keeps one and lists it nowhere. */
  artifact(subject: Descriptor, content: string, artifactType = "example/artifact", extra: object = {}): Descriptor {
    const config = this.add("application/vnd.oci.empty.v1+json", "{}");
    const layers = [this.add(artifactType, content)];
    const type = mediaTypes.ociManifest;
    const manifest = { schemaVersion: 2, mediaType: type, artifactType, config, layers, subject, ...extra };
    return this.add(type, manifest);
  }

  list(subject: Digest, referrer: Descriptor): void {
    this.lists.set(subject, [...(this.lists.get(subject) ?? []), referrer]);
  }

  /** Puts simple-signing layers under a digest tag. */
  sign(subject: Digest, payloads: readonly string[], kind: DigestTagKind = "sig"): Descriptor {
    const layers = payloads.map((payload) => ({
      ...this.add("application/vnd.dev.cosign.simplesigning.v1+json", payload),
      annotations: { "dev.cosignproject.cosign/signature": Buffer.from(`of ${payload}`).toString("base64") },
    }));
    const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
    const config = this.add(mediaTypes.ociConfig, { architecture: "", os: "", config: {}, rootfs });
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
    const tag = this.add(mediaTypes.ociManifest, manifest);
    this.tags.set(digestTagName(subject, kind), tag);
    return tag;
  }

  override source(name: string): ImageSource & AttachmentSource {
    return Object.assign(super.source(name), {
      referrers: async (subject: Digest) => this.lists.get(subject) ?? [],
      digestTag: async (subject: Digest, kind: DigestTagKind) => this.tags.get(digestTagName(subject, kind)),
      simpleSignatures: async (subject: Digest) => this.messages.get(subject) ?? [],
    });
  }

  override target(name: string): ImageTarget & AttachmentTarget {
    const target: AttachmentTarget = {
      putReferrer: async (subject, referrer, bytes) => {
        this.log.push(`referrer ${referrer.digest}`);
        this.blobs.set(referrer.digest, bytes);
        this.list(subject, listedReferrer(referrer, parseManifest(bytes, referrer.mediaType)));
      },
      putDigestTag: async (subject, kind, { descriptor, bytes, config }) => {
        this.log.push(`${kind} ${descriptor.digest}`);
        this.blobs.set(descriptor.digest, bytes);
        this.add("", config);
        this.tags.set(digestTagName(subject, kind), descriptor);
      },
      addSimpleSignature: async (subject, signature) => {
        this.log.push(`message ${subject}`);
        this.messages.set(subject, [...(this.messages.get(subject) ?? []), signature]);
      },
    };
    return Object.assign(super.target(name), target);
  }
}
