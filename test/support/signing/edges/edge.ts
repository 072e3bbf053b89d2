import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Descriptor } from "../../../../src/oci/descriptor.js";
import { type Digest, digestOf } from "../../../../src/oci/digest.js";

/** The tools whose verdicts are known: cosign 2.5 and 3.1, skopeo 1.18, notation 1.3.2. */
export type EdgePeer = "cosign2" | "cosign3" | "skopeo" | "notation";

/** What a tool makes of an image with one odd signature beside it. */
export type Verdict = "accept" | "refuse";

/** One odd signature, and what is made of it. */
export interface Edge {
  readonly id: string;
  /** What lies beside the image; `manifest` is the image's own. */
  readonly beside: (image: Descriptor, manifest: Uint8Array) => Beside;
  /** Whom to trust; undefined: the chain `ec256` of the vectors. */
  readonly trusted: KeyObject | undefined;
  readonly ours: Verdict;
  /** Of those that look at this form of signature. */
  readonly peers: Readonly<Partial<Record<EdgePeer, Verdict>>>;
  /** Why oci-enc does otherwise than to accept what all of them accept; absent: that is what it does. */
  readonly apart?: string;
}

/** Blobs, then manifests in the order in which a registry takes them. */
export interface Beside {
  readonly blobs: readonly Uint8Array[];
  readonly manifests: readonly EdgeManifest[];
}

/** A manifest that is kept under its digest, or under a tag as well. */
export interface EdgeManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly tag?: string;
}

/** A layer and what is said of it. */
export interface EdgeLayer {
  readonly content: string | Uint8Array;
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The name that all signatures are about. */
export const edgeName = "registry.example.test/edges/app:v1";

/** The key that is trusted where nothing else is said. */
export const usual: KeyPair = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** Both halves. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** ECDSA, DER, SHA-256, in base64 with padding and letters that URLs do not have, which not every signature has. */
export function usualSignature(bytes: string | Uint8Array): string {
  return signedUntil(/[+/].*=/, () => sign("sha256", Buffer.from(bytes), usual.privateKey), "base64");
}

/** Signs until the text has what an edge is about. */
export function signedUntil(has: RegExp, make: () => Buffer, encoding: "base64" | "base64url"): string {
  for (;;) {
    const text = make().toString(encoding);
    if (has.test(text)) return text;
  }
}

/** Standard base64. */
export function base64(bytes: string | Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Describes content. */
export function describe(mediaType: string, content: string | Uint8Array): Descriptor {
  const bytes = Buffer.from(content);
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** `sha256-HEX`. */
export function tagOf(digest: Digest): string {
  return digest.replace(":", "-");
}

/** The hex of SHA-256. */
export function hexHash(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** A row: what is odd, what lies there, and whom to trust instead of the usual one. */
export type EdgeRow = readonly [id: string, beside: Edge["beside"], trusted?: KeyObject];

/** Rows of one kind, with the verdicts that were seen. */
export function edgesOf(kind: string, trusted: KeyObject | undefined, rows: readonly EdgeRow[]): readonly Edge[] {
  return rows.map(([name, beside, key]) => {
    const id = `${kind}: ${name}`;
    const seen = verdicts[id];
    if (seen === undefined) throw new Error(`nobody has seen what other tools make of "${id}"`);
    const agreed = Object.values(seen.peers).every((verdict) => verdict === "accept");
    const ours = agreed === (seen.apart === undefined) ? "accept" : "refuse";
    return { id, beside, trusted: key ?? trusted, ours, ...seen };
  });
}

interface Seen {
  readonly peers: Edge["peers"];
  readonly apart?: string;
}

/** What the tools made of each, by its id: seen with cosign 2.5.0 and 3.1.1, skopeo 1.18.0 and notation 1.3.2. */
const verdicts: Readonly<Record<string, Seen>> = JSON.parse(
  readFileSync(join(process.cwd(), "test", "vectors", "signing-edges.json"), "utf8"),
);
