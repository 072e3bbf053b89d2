import { packetTags, readPackets } from "../openpgp-packets.js";
import { pemBlocks } from "../pem.js";
import { plainForm } from "../plain-form.js";

/** One key of a keyring with all that belongs to it, still encoded. */
export interface EncodedKey {
  readonly secret: boolean;
  readonly bytes: Uint8Array;
}

/** Whether the bytes are a binary or armored OpenPGP key or keyring; text before the armor is passed over, as gpg does. */
export function isKeyData(bytes: Uint8Array): boolean {
  const file = plainForm(bytes);
  return isKeyPacket(file[0]) || beginning.test(Buffer.from(file).toString("latin1"));
}

/**
 * The keys of a file, each for itself, so that one that cannot be read does not take its neighbours with it. Armored
 * blocks may follow each other, with text between them. Empty when no armor is whole; CORRUPT when the data is not made
 * of packets.
 */
export function splitKeys(bytes: Uint8Array): readonly EncodedKey[] {
  const file = plainForm(bytes);
  return (isKeyPacket(file[0]) ? [file] : dearmor(file)).flatMap(splitBlock);
}

const label = /^PGP (?:PUBLIC|PRIVATE|SECRET) KEY BLOCK$/;
const beginning = /-----BEGIN PGP (?:PUBLIC|PRIVATE|SECRET) KEY BLOCK-----/;

/** The first octet of a public or secret primary key's packet, in either of the two header formats. */
function isKeyPacket(first: number | undefined): boolean {
  if (first === undefined || (first & 0x80) === 0) return false;
  const tag = (first & 0x40) === 0 ? (first >> 2) & 0xf : first & 0x3f;
  return tag === packetTags.secretKey || tag === packetTags.publicKey;
}

function dearmor(file: Uint8Array): readonly Uint8Array[] {
  const blocks = pemBlocks(Buffer.from(file).toString("latin1"));
  return blocks.flatMap((block) => (label.test(block.label) && block.body !== undefined ? [block.body] : []));
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
