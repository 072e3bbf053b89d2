import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { OciEncError } from "../../errors.js";
import type { KeyFile } from "../key-file.js";
import { mpint, SshReader, unsigned, wire } from "./wire.js";

/** A public key of OpenSSH that can be encrypted for. */
export interface SshPublicKey {
  readonly type: "ssh-ed25519" | "ssh-rsa";
  /** RFC 4253 section 6.6: what fingerprints are made of. */
  readonly blob: Uint8Array;
  /** Ed25519 or RSA. */
  readonly key: KeyObject;
  /** As `ssh-keygen -l` prints it: `SHA256:…`. */
  readonly fingerprint: string;
  /** The line without its comment. */
  readonly text: string;
}

/** So many keys are read of one file. */
const keyLimit = 1000;

/**
 * The public keys of a text or file in OpenSSH's form, one a line: `ssh-ed25519 AAAA… comment`. Options before a key, as
 * authorized_keys has them, are passed over. KEY_INVALID when one cannot be encrypted for, or there is none.
 */
export function readSshPublicKeys(file: KeyFile): readonly SshPublicKey[] {
  const lines = Buffer.from(file.value)
    .toString("utf8")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length === 0) throw invalid(file, "holds no SSH public key");
  if (lines.length > keyLimit) throw invalid(file, `holds more than ${keyLimit} keys`);
  return lines.map((line) => readLine(line, file));
}

/** Whether a text is about SSH public keys. */
export function isSshPublicKey(value: Uint8Array): boolean {
  const head = Buffer.from(value.subarray(0, 16 * 1024)).toString("latin1");
  return /^(?:#[^\n]*\n|\s)*(?:[^\n]*\s)?(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ AAAA/.test(head);
}

function readLine(line: string, file: KeyFile): SshPublicKey {
  if (line.startsWith("-----BEGIN ")) {
    throw invalid(
      file,
      "is not a public key of OpenSSH",
      "give the file that ends in .pub, a PEM public key as jwe:FILE",
    );
  }
  const [, type = "", base64 = ""] = /(?:^|\s)((?:ssh|ecdsa|sk)-[a-z0-9@.-]+) ([A-Za-z0-9+/]+=*)/.exec(line) ?? [];
  if (type === "") throw invalid(file, "is not a public key of OpenSSH", "its first line is like: ssh-ed25519 AAAA…");
  if (type !== "ssh-ed25519" && type !== "ssh-rsa") {
    throw invalid(file, "holds a key of a type which cannot be encrypted for", "use an ssh-ed25519 or ssh-rsa key");
  }
  const key = sshPublicKey(Buffer.from(base64, "base64"));
  if (key?.type !== type) throw invalid(file, "holds an SSH public key that cannot be read");
  const bits = key.key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && (bits < 2048 || bits > 16384)) {
    throw invalid(
      file,
      `holds an RSA key of ${bits} bits; 2048 to 16384 are accepted`,
      "make another: ssh-keygen -t ed25519",
    );
  }
  return key;
}

/** The key in a blob. Undefined when it is of another type, or is none. */
export function sshPublicKey(blob: Uint8Array): SshPublicKey | undefined {
  try {
    const reader = new SshReader(blob);
    const type = reader.text();
    if (type !== "ssh-ed25519" && type !== "ssh-rsa") return undefined;
    const jwk = type === "ssh-rsa" ? rsaMembers(reader) : { kty: "OKP", crv: "Ed25519", x: ed25519Point(reader) };
    if (reader.rest().length > 0) return undefined;
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const print = createHash("sha256").update(blob).digest("base64").replace(/=+$/, "");
    const text = `${type} ${Buffer.from(blob).toString("base64")}`;
    return { type, blob, key, fingerprint: `SHA256:${print}`, text };
  } catch {
    return undefined;
  }
}

/** The blob of a key, public or private; an empty one for other types. */
export function sshBlob(key: KeyObject): Uint8Array {
  const { kty, crv, x = "", n = "", e = "" } = key.export({ format: "jwk" });
  if (kty === "RSA") return wire("ssh-rsa", mpint(e), mpint(n));
  return kty === "OKP" && crv === "Ed25519" ? wire("ssh-ed25519", Buffer.from(x, "base64url")) : new Uint8Array();
}

function rsaMembers(reader: SshReader) {
  const e = unsigned(reader.field());
  return { kty: "RSA", e, n: unsigned(reader.field()) };
}

function ed25519Point(reader: SshReader): string {
  const point = reader.field();
  if (point.length !== 32) throw new RangeError("a point of Ed25519 has 32 bytes");
  return point.toString("base64url");
}

function invalid(file: KeyFile, fault: string, hint?: string): OciEncError {
  return new OciEncError("KEY_INVALID", `${JSON.stringify(file.origin.slice(0, 160))} ${fault}`, { hint });
}
