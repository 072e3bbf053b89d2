import { isBase64 } from "../../layer-options.js";
import { packetTags, readPackets } from "./packets.js";

/** One key of a keyring with all that belongs to it, still encoded. */
export interface EncodedKey {
  readonly secret: boolean;
  readonly bytes: Uint8Array;
}

/** Whether the bytes are a binary or armored OpenPGP key or keyring, as far as their beginning tells. */
export function isKeyData(bytes: Uint8Array): boolean {
  return isArmored(bytes) || isKeyPacket(bytes[0]);
}

/**
 * The keys of a file, each for itself, so that one that cannot be read does not take its neighbours with it. Armored
 * blocks may follow each other. CORRUPT when the data is not made of packets.
 */
export function splitKeys(bytes: Uint8Array): readonly EncodedKey[] {
  const blocks = isArmored(bytes) ? dearmor(Buffer.from(bytes).toString("latin1")) : [bytes];
  return blocks.flatMap(splitBlock);
}

const beginning = /^\s*-----BEGIN PGP (PUBLIC|PRIVATE|SECRET) KEY BLOCK-----/;

function isArmored(bytes: Uint8Array): boolean {
  return beginning.test(Buffer.from(bytes.subarray(0, 256)).toString("latin1"));
}

/** The first octet of a public or secret primary key's packet, in either of the two header formats. */
function isKeyPacket(first: number | undefined): boolean {
  if (first === undefined || (first & 0x80) === 0) return false;
  const tag = (first & 0x40) === 0 ? (first >> 2) & 0xf : first & 0x3f;
  return tag === packetTags.secretKey || tag === packetTags.publicKey;
}

/** RFC 9580 section 6.2. The checksum is optional there, and is not looked at: a damaged key does not parse. */
function dearmor(text: string): readonly Uint8Array[] {
  const blocks: Uint8Array[] = [];
  let lines: string[] | undefined;
  for (const line of text.split(/\r\n?|\n/).map((raw) => raw.trim())) {
    if (line.startsWith("-----BEGIN PGP ")) lines = [];
    else if (line.startsWith("-----END PGP ")) {
      const base64 = (lines ?? []).join("");
      if (isBase64(base64)) blocks.push(Buffer.from(base64, "base64"));
      lines = undefined;
    } else if (!line.includes(":") && !line.startsWith("=")) lines?.push(line);
  }
  return blocks;
}

function splitBlock(bytes: Uint8Array): readonly EncodedKey[] {
  const keys: { secret: boolean; packets: Uint8Array[] }[] = [];
  for (const { tag, encoded } of readPackets(bytes)) {
    if (tag === packetTags.secretKey || tag === packetTags.publicKey) {
      keys.push({ secret: tag === packetTags.secretKey, packets: [] });
    }
    keys.at(-1)?.packets.push(encoded);
  }
  return keys.map(({ secret, packets }) => ({ secret, bytes: Buffer.concat(packets) }));
}
