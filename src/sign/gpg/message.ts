import type { Message, SignaturePacket } from "openpgp";
import { OciEncError } from "../../errors.js";
import { payloadLimit } from "../simple-signing/payload.js";

/** An OpenPGP message with one signature, taken apart and unjudged. */
export interface SignedMessage {
  /** Out of its compression. */
  readonly message: Message<Uint8Array>;
  readonly signature: SignaturePacket;
}

/** Compressed, it has at most this many bytes; nothing is made of larger ones. */
const messageLimit = payloadLimit;

/** Packets around the payload. */
const framing = 64 * 1024;

/** Tags of RFC 9580 with which a message may begin: signature, one-pass signature, compressed data. */
const firstTags: ReadonlySet<number> = new Set([2, 4, 8]);

/**
 * Reads what `signing-and-policy.md` 3.1 calls a signed message: exactly one literal in one signature, perhaps compressed as
 * a whole. CORRUPT for anything else: armour, clear-signed text, a detached signature, no signature, two of them, packets
 * before or after, more than 4 MiB when decompressed.
 */
export async function readSignedMessage(bytes: Uint8Array): Promise<SignedMessage> {
  requireBeginning(bytes);
  const openpgp = await import("openpgp");
  const config = { maxDecompressedMessageSize: payloadLimit + framing };
  const whole = await openpgp.readMessage({ binaryMessage: bytes, config }).catch((cause: unknown) => {
    throw notSigned("it is no OpenPGP message that can be read", cause);
  });
  if (whole.packets.length !== 1 && whole.packets[0] instanceof openpgp.CompressedDataPacket) {
    throw notSigned("something follows the compressed message");
  }
  const message = whole.unwrapCompressed();
  const signatures = message.packets.filter((packet) => packet instanceof openpgp.SignaturePacket);
  const literals = message.packets.filter((packet) => packet instanceof openpgp.LiteralDataPacket);
  const [signature, another] = signatures;
  if (signature === undefined) throw notSigned("it has no signature");
  if (another !== undefined) throw notSigned(`it has ${signatures.length} signatures`);
  if (literals.length !== 1) throw notSigned("it holds no data: the signature is detached");
  const inOnePass = message.packets[0] instanceof openpgp.OnePassSignaturePacket;
  if (message.packets.length !== (inOnePass ? 3 : 2)) throw notSigned("it has packets that do not belong there");
  return { message, signature };
}

/** Says of the first byte what is wrong with it. */
function requireBeginning(bytes: Uint8Array): void {
  const [first] = bytes;
  if (first === undefined) throw notSigned("it is empty");
  if (bytes.length > messageLimit) throw notSigned(`it has ${bytes.length} bytes; ${messageLimit} are allowed`);
  if (first === 0x2d) throw notSigned("it is armoured or clear-signed text; only the binary form is read");
  const tag = (first & 0x40) === 0 ? (first >> 2) & 0xf : first & 0x3f;
  if ((first & 0x80) === 0 || !firstTags.has(tag)) {
    throw notSigned(`it begins with the byte 0x${first.toString(16).padStart(2, "0")}`);
  }
}

function notSigned(why: string, cause?: unknown): OciEncError {
  return new OciEncError("CORRUPT", `not an OpenPGP signed message: ${why}`, { cause });
}
