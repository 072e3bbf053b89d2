import { createCipheriv, createHmac, randomBytes } from "node:crypto";
import type { EncryptionKey } from "../../../src/crypt/key-wrapper.js";
import { loadRecipients } from "../../../src/crypt/layer.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import type { MemoryPlace } from "../images/memory-image.js";

const prefix = "org.opencontainers.image.enc.";

/** The media type of handmade layers, as they would be in the clear. */
export const handmadeType = "application/vnd.oci.image.layer.v1.tar";

/** What an envelope holds, as JSON has it. */
export type Members = Record<string, unknown>;

/** How a layer that is encrypted by hand differs from a sound one. */
export interface HandmadeLayer {
  readonly keys: readonly EncryptionKey[];
  readonly content: Uint8Array;
  /** Encrypted bytes that are there already, in place of those of the content: under this layer's key they hold something. */
  readonly sealed?: Uint8Array;
  readonly mediaType?: string;
  /** The digest that the envelope claims; default that of the content. */
  readonly claims?: string;
  /** Makes other wrapped options of the sound ones: members, or raw bytes. */
  readonly secret?: (sound: Members) => unknown;
  /** The same for the public options. */
  readonly open?: (sound: Members) => unknown;
  /** Makes other annotations of the layer's. */
  readonly edit?: (annotations: Record<string, string>) => Record<string, string>;
  /** Makes other bytes of the encrypted ones, when the HMAC has been made. */
  readonly spoil?: (sealed: Uint8Array) => Uint8Array;
}

/** Encrypts a layer with Node's own ciphers, keeps it in `place`, and hands back its descriptor. */
export async function handmadeLayer(place: MemoryPlace, made: HandmadeLayer): Promise<Descriptor> {
  const [key, nonce] = [randomBytes(32), randomBytes(16)];
  // Counter mode is its own inverse.
  const through = (bytes: Uint8Array) => createCipheriv("aes-256-ctr", key, nonce).update(bytes);
  const sealed = made.sealed ?? through(made.content);
  const content = made.sealed ? through(made.sealed) : made.content;
  const hmac = createHmac("sha256", key).update(sealed).digest("base64");
  const secret: Members = {
    symkey: key.toString("base64"),
    digest: made.claims ?? digestOf(content),
    cipheroptions: { nonce: nonce.toString("base64") },
  };
  const open: Members = { cipher: "AES_256_CTR_HMAC_SHA256", hmac, cipheroptions: {} };
  const wrap = await loadRecipients(made.keys);
  const packets = await wrap(encoded(made.secret ? made.secret(secret) : secret));
  const withSuffix = (suffix: string) =>
    packets.filter((packet) => packet.suffix === suffix).map(({ bytes }) => base64(bytes));
  const annotations = Object.fromEntries([
    ...packets.map(({ suffix }) => [`${prefix}keys.${suffix}`, withSuffix(suffix).join(",")]),
    [`${prefix}pubopts`, base64(encoded(made.open ? made.open(open) : open))],
  ]);
  return {
    ...place.add(`${made.mediaType ?? handmadeType}+encrypted`, made.spoil ? made.spoil(sealed) : sealed),
    annotations: made.edit ? made.edit(annotations) : annotations,
  };
}

function encoded(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
