import type { Identity as AgeIdentity, Recipient as AgeRecipient, Stanza as AgeStanza } from "age-encryption";
import { isBase64 } from "../../../bytes/base64.js";
import { OciEncError } from "../../../errors.js";
import { labelText } from "../../../keys/label.js";
import type { RecipientInfo, WrappedKey } from "../../key-wrapper.js";
import { ageSuffix } from "./suffix.js";

export type { AgeIdentity, AgeRecipient, AgeStanza };

/** A packet with the layer options is below 1 KiB for each recipient, below 3 KiB with post-quantum ones. */
const packetLimit = 1024 * 1024;

/** Each stanza may cost a multiplication on a curve to look at. */
const stanzaLimit = 128;

/** The first line of a stanza: who a recipient is, as far as that is in the clear. */
export interface StanzaHead {
  readonly type: string;
  readonly args: readonly string[];
}

/** An age file that was read as far as it can be without a key. */
export interface AgeFile {
  /** Binary. */
  readonly bytes: Uint8Array;
  readonly stanzas: readonly StanzaHead[];
}

/** Wraps for one recipient: a file of its own, so that one of several can be taken out. */
export async function sealForAge(secret: Uint8Array, recipient: string | AgeRecipient): Promise<WrappedKey> {
  const { armor, Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  // Armored: ocicrypt-rs refuses provider packets that are not UTF-8.
  return { suffix: ageSuffix, bytes: Buffer.from(armor.encode(await encrypter.encrypt(secret)), "latin1") };
}

/** Undefined: it is for none of the identities. CORRUPT when it is no age file, or was changed. */
export async function openWithAge(
  bytes: Uint8Array,
  identities: readonly (string | AgeIdentity)[],
): Promise<Uint8Array | undefined> {
  const file = readAgeFile(bytes);
  const { Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    return await decrypter.decrypt(file.bytes);
  } catch (error) {
    if (error instanceof Error && error.message === noneMatched) return undefined;
    throw new OciEncError("CORRUPT", "the age packet was changed, or is not for this key in spite of what it says");
  }
}

/** What age-encryption says where no identity is a recipient's. Its errors have no codes. */
const noneMatched = "no identity matched any of the file's recipients";

/** Reads the armor and the header, age-encryption.org/v1. CORRUPT when they are malformed or longer than anyone writes. */
function readAgeFile(packet: Uint8Array): AgeFile {
  if (packet.length > packetLimit) throw malformed(`is longer than ${packetLimit} bytes`);
  const text = Buffer.from(packet).toString("latin1").trim();
  const [, body] =
    /^-{5}BEGIN AGE ENCRYPTED FILE-{5}\r?\n([A-Za-z0-9+/=\r\n]*)\r?\n-{5}END AGE ENCRYPTED FILE-{5}$/.exec(text) ?? [];
  const base64 = body?.replace(/\r?\n/g, "") ?? "";
  if (base64 === "" || !isBase64(base64)) throw malformed("is not an armored age file");
  const bytes = Buffer.from(base64, "base64");
  return { bytes, stanzas: readStanzas(bytes) };
}

function readStanzas(file: Uint8Array): readonly StanzaHead[] {
  const text = Buffer.from(file).toString("latin1");
  if (!text.startsWith("age-encryption.org/v1\n")) throw malformed("is not of version 1");
  const end = text.indexOf("\n---");
  if (end < 0) throw malformed("has no end of its header");
  const heads = text
    .slice(0, end)
    .split("\n")
    .filter((line) => line.startsWith("-> "));
  if (heads.length === 0) throw malformed("has no recipients");
  if (heads.length > stanzaLimit) throw malformed(`has more than ${stanzaLimit} recipients`);
  return heads.map((line) => {
    const [type = "", ...args] = line.slice("-> ".length).split(" ");
    return { type, args };
  });
}

/** Whom a packet is for. Never throws; what is no age file is unreadable, under the name of the scheme that asks. */
export function describePacket({ bytes }: WrappedKey, scheme: string): readonly RecipientInfo[] {
  try {
    return readAgeFile(bytes).stanzas.map(describe);
  } catch {
    return [{ kind: "unreadable", scheme, algorithm: "", id: "", label: "unreadable" }];
  }
}

function describe({ type, args: [name = ""] }: StanzaHead): RecipientInfo {
  const algorithm = labelText(type);
  // The others hold nothing by which a recipient could be known.
  const id = sshStanzas.has(type) ? labelText(name) : "";
  const label = id === "" ? algorithm : `${algorithm} ${id}`;
  return { kind: "recipient", scheme: sshStanzas.has(type) ? "ssh" : "age", algorithm, id, label };
}

const sshStanzas: ReadonlySet<string> = new Set(["ssh-ed25519", "ssh-rsa"]);

function malformed(fault: string): OciEncError {
  return new OciEncError("CORRUPT", `the age packet ${fault}`);
}
