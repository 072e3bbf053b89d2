import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDigest } from "../../../src/oci/digest.js";
import type { Signature, SignedImage } from "../../../src/sign/signature.js";

/** A case of registry-cases.json about Notary signatures. */
export interface NotaryCase {
  readonly id: string;
  readonly expect: "accept" | "reject" | "any";
  readonly image: SignedImage;
  readonly trustPolicy: Uint8Array;
  readonly requiredClaims: Readonly<Record<string, string>>;
  readonly signatures: readonly Signature[];
}

/** Where the signed vectors are. */
export const signedVectors: string = join(process.cwd(), "test", "vectors", "signed");

/** Every case about Notary signatures, with the envelopes that a reader of manifests finds. */
export function notaryCases(): readonly NotaryCase[] {
  const text = readFileSync(join(signedVectors, "registry-cases.json"), "utf8");
  const { cases }: { readonly cases: readonly RawCase[] } = JSON.parse(text);
  return cases.filter(({ kind }) => kind === "notary").map(notaryCase);
}

/** A trust store folder in which `ca:NAME` is the root of `keys/notary/NAME`, for each of these names. */
export function vectorStore(directory: string, names: readonly string[]): string {
  for (const name of names) {
    const folder = join(directory, "x509", "ca", name);
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(signedVectors, "keys", "notary", `${name}-root.crt`), join(folder, "root.crt"));
  }
  return directory;
}

interface RawCase {
  readonly id: string;
  readonly kind: string;
  readonly expect: "accept" | "reject" | "any";
  readonly subject: string;
  readonly tags: Readonly<Record<string, RawDescriptor>>;
  readonly trustPolicy: unknown;
  readonly requireMetadata?: readonly string[];
}

interface RawDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface RawManifest {
  readonly manifests?: readonly RawDescriptor[];
  readonly layers?: readonly RawDescriptor[];
}

function notaryCase(raw: RawCase): NotaryCase {
  const subject = parseDigest(raw.subject);
  const { mediaType, size } = Object.values(raw.tags).find(({ digest }) => digest === subject) ?? {};
  if (mediaType === undefined || size === undefined) throw new Error(`${raw.id} has no subject`);
  const index = raw.tags[subject.replace(":", "-")];
  const referrers = index === undefined ? [] : (manifest(index.digest).manifests ?? []);
  return {
    id: raw.id,
    expect: raw.expect,
    image: { descriptor: { mediaType, digest: subject, size }, identity: undefined },
    trustPolicy: Buffer.from(JSON.stringify(raw.trustPolicy)),
    requiredClaims: Object.fromEntries((raw.requireMetadata ?? []).map((claim) => claim.split("="))),
    signatures: referrers.flatMap(({ digest }) =>
      (manifest(digest).layers ?? []).map((layer) => ({
        format: layer.mediaType === "application/cose" ? "cose" : "jws",
        subject,
        content: blob(layer.digest),
        annotations: {},
        where: `referrer ${digest}`,
      })),
    ),
  };
}

function manifest(digest: string): RawManifest {
  return JSON.parse(Buffer.from(blob(digest)).toString("utf8"));
}

function blob(digest: string): Uint8Array {
  return readFileSync(join(signedVectors, "registry", "blobs", ...digest.split(":")));
}
