import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { parseDigest } from "../../../src/oci/digest.js";
import { attachedSource, type Kept } from "../images/kept-attachments.js";
import { MemoryPlace } from "../images/memory-image.js";

/** Where the signed vectors are; their README says what is in them. */
export const signedVectors: string = join(process.cwd(), "test", "vectors", "signed");

/** What a registry holds of one image, and what is to be made of it. */
export interface RegistryCase {
  readonly id: string;
  readonly kind: "cosign" | "notary";
  readonly tags: Readonly<Record<string, Descriptor>>;
  readonly subject: string;
  readonly expect: "accept" | "reject" | "any";
  readonly note?: string;
  /** Of cosign cases: the public key, and the claims that are required. */
  readonly key?: string;
  readonly requireAnnotations?: readonly string[];
  /** Of Notary cases. */
  readonly trustPolicy?: unknown;
  readonly requireMetadata?: readonly string[];
}

/** All of them, or those of one kind. */
export function registryCases(kind?: RegistryCase["kind"]): readonly RegistryCase[] {
  const { cases }: { cases: readonly RegistryCase[] } = JSON.parse(readSigned("registry-cases.json").toString());
  return cases.filter((one) => kind === undefined || one.kind === kind);
}

/** The image that every case is about. */
export function signedSubject(): Descriptor {
  const { subject }: { subject: Descriptor } = JSON.parse(readSigned("registry-cases.json").toString());
  return subject;
}

/** The repository of a case, as a source that knows its attachments. */
export function caseSource({ tags, subject }: RegistryCase) {
  const place = new MemoryPlace(`memory:${subject}`);
  const keep = (digest: string): Buffer => {
    const bytes = readSigned(join("registry", "blobs", "sha256", digest.slice("sha256:".length)));
    place.blobs.set(digest, bytes);
    return bytes;
  };
  const keepTree = ({ digest, mediaType }: Descriptor): void => {
    const bytes = keep(digest);
    if (!mediaType.includes("manifest") && !mediaType.includes("index")) return;
    const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString());
    for (const below of [...(config ? [config] : []), ...layers, ...manifests]) keepTree(below);
  };
  for (const descriptor of Object.values(tags)) keepTree(descriptor);
  place.names.set("v1", tags["v1"] ?? signedSubject());
  const hex = parseDigest(subject).slice("sha256:".length);
  const list = tags[`sha256-${hex}`];
  const listed = list && list.digest !== subject ? JSON.parse(place.text(list.digest)).manifests : [];
  const kept: Kept = { referrers: listed ?? [], sig: tags[`sha256-${hex}.sig`], messages: [] };
  return attachedSource(place, "v1", kept);
}

/** A file of the vectors. */
export function readSigned(path: string): Buffer {
  return readFileSync(join(signedVectors, path));
}
