import type { PublicKey, SignaturePacket } from "openpgp";
import { OciEncError } from "../../errors.js";
import { libraryReason, requireKnownCurves } from "../../keys/pgp/library-limits.js";
import { isOpenPgpMessage } from "../../oci/signature-formats.js";
import { payloadLimit } from "../simple-signing/payload.js";

/** What a message holds, whose one signature holds. */
export interface OpenedMessage {
  readonly content: Uint8Array;
  readonly keyId: SignaturePacket["issuerKeyID"];
  readonly created: Date | undefined;
}

/** Packets around the payload. */
const framing = 64 * 1024;

/** The signer's clock may be ahead of ours by this much. */
const clockSkewMs = 300_000;

/**
 * Opens what `signing-and-policy.md` 3.1 calls a signed message: one literal in one signature, perhaps compressed as a whole.
 * CORRUPT for anything else: armour, clear-signed text, a detached signature, no signature, two of them, more than 4 MiB when
 * decompressed. UNTRUSTED when the signature is by none of `keys`, does not hold or has expired at `now`; whether its key is
 * valid at that time is for the caller to find out. UNSUPPORTED when it is on a curve that cannot be checked.
 */
export async function openMessage(bytes: Uint8Array, keys: readonly PublicKey[], now: Date): Promise<OpenedMessage> {
  requireBeginning(bytes);
  const { data, signatures } = await read(bytes, keys, now);
  const [only, another] = signatures;
  if (only === undefined) throw notSigned("it has no signature");
  if (another !== undefined) throw notSigned(`it has ${signatures.length} signatures`);
  const key = keys.find((one) => one.getKeys(only.keyID).length > 0);
  if (key === undefined) {
    throw untrusted(`it is by the key ${only.keyID.toHex().toUpperCase()}, which is not trusted`);
  }
  requireKnownCurves(key);
  await only.verified.catch((cause: unknown) => {
    throw untrusted(`its signature does not hold: ${libraryReason(cause)}`, cause);
  });
  const [packet] = (await only.signature).packets;
  return { content: data, keyId: only.keyID, created: packet?.created ?? undefined };
}

/** The library checks that the packets make up a message; with a packet of a kind that it does not know, none is read. */
async function read(bytes: Uint8Array, keys: readonly PublicKey[], now: Date) {
  const openpgp = await import("openpgp");
  const limits = { maxDecompressedMessageSize: payloadLimit + framing, ignoreUnsupportedPackets: false };
  try {
    return await openpgp.verify({
      message: await openpgp.readMessage({ binaryMessage: bytes, config: limits }),
      verificationKeys: [...keys],
      format: "binary",
      date: new Date(now.getTime() + clockSkewMs),
      // A key whose expiry was changed has no older self-signature: its state is taken as of now.
      config: { ...limits, allowInsecureVerificationWithReformattedKeys: true },
    });
  } catch (cause) {
    throw notSigned(libraryReason(cause), cause);
  }
}

/** Says of the first byte what is wrong with it. */
function requireBeginning(bytes: Uint8Array): void {
  const [first] = bytes;
  if (first === undefined) throw notSigned("it is empty");
  if (bytes.length > payloadLimit) throw notSigned(`it has ${bytes.length} bytes; ${payloadLimit} are allowed`);
  if (first === 0x2d) throw notSigned("it is armoured or clear-signed text; only the binary form is read");
  if (!isOpenPgpMessage(first)) throw notSigned(`it begins with the byte 0x${first.toString(16).padStart(2, "0")}`);
}

function notSigned(why: string, cause?: unknown): OciEncError {
  return new OciEncError("CORRUPT", `not an OpenPGP signed message: ${why}`, { cause });
}

function untrusted(why: string, cause?: unknown): OciEncError {
  return new OciEncError("UNTRUSTED", why, { cause });
}
