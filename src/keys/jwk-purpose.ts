import type { KeyObject } from "node:crypto";
import { OciEncError } from "../errors.js";
import type { JwkMembers } from "./jwk.js";

/** What a key is about to be used for. */
export type KeyPurpose = "encrypt" | "decrypt" | "sign" | "verify";

/**
 * KEY_INVALID when a JWK says that it is for something else: by `use`, by `key_ops` or by its algorithm, RFC 7517 sections
 * 4.2 to 4.4. A key of any other form says nothing of the kind.
 */
export function checkPurpose(
  { key, jwk }: { readonly key: KeyObject; readonly jwk: JwkMembers | undefined },
  purpose: KeyPurpose,
  origin: string,
): void {
  if (jwk === undefined) return;
  const row = purposes[purpose];
  const refusal = (fault: string, hint: string): OciEncError =>
    new OciEncError("KEY_INVALID", `the key in ${JSON.stringify(origin.slice(0, 160))} ${fault}`, { hint });
  if (jwk.use === row.otherUse) {
    throw refusal(`is for ${row.other} only`, `give the key whose "use" is "${row.use}"`);
  }
  const allowed = key.asymmetricKeyType === "ec" ? [...row.operations, ...row.agreement] : row.operations;
  if (jwk.operations !== undefined && !jwk.operations.some((operation) => allowed.includes(operation))) {
    // WebCrypto says nothing of the public half of a key agreement.
    if (purpose === "encrypt" && key.asymmetricKeyType === "ec" && jwk.operations.length === 0) return;
    throw refusal(
      `does not allow to ${row.verb}: its "key_ops" lacks ${row.operations.map((name) => `"${name}"`).join(" and ")}`,
      "give the key that was made for this use",
    );
  }
  if (jwk.alg !== undefined && row.otherAlgorithms.test(jwk.alg)) {
    throw refusal(`is for ${knownAlgorithm(jwk.alg)}`, `use a key for ${row.gerund}`);
  }
}

/** An algorithm for messages; what else a file may say there is not quoted. */
export function knownAlgorithm(alg: string): string {
  const known = signatureAlgorithms.test(alg) || encryptionAlgorithms.test(alg);
  return known ? `the algorithm ${alg}` : "an algorithm that is not known here";
}

interface Purpose {
  readonly verb: string;
  readonly gerund: string;
  readonly use: string;
  readonly otherUse: string;
  readonly other: string;
  /** Any of these lets the key be used. */
  readonly operations: readonly string[];
  /** The same for a key with which a shared secret is agreed upon. */
  readonly agreement: readonly string[];
  readonly otherAlgorithms: RegExp;
}

const signatureAlgorithms = /^(?:(?:RS|PS|ES|HS)(?:256|384|512)|ES256K|Ed(?:DSA|25519|448))$/;
const encryptionAlgorithms = /^(?:RSA-OAEP(?:-\d{3})?|RSA1_5|ECDH-ES(?:\+A\d{3}KW)?|A\d{3}(?:GCM)?KW|dir)$/;

const toWrap = {
  gerund: "encryption",
  use: "enc",
  otherUse: "sig",
  other: "signatures",
  agreement: ["deriveKey", "deriveBits"],
  otherAlgorithms: signatureAlgorithms,
};
const toSign = {
  gerund: "signatures",
  use: "sig",
  otherUse: "enc",
  other: "encryption",
  agreement: [],
  otherAlgorithms: encryptionAlgorithms,
};

const purposes: Readonly<Record<KeyPurpose, Purpose>> = {
  encrypt: { ...toWrap, verb: "encrypt", operations: ["wrapKey", "encrypt"] },
  decrypt: { ...toWrap, verb: "decrypt", operations: ["unwrapKey", "decrypt"] },
  sign: { ...toSign, verb: "sign", operations: ["sign"] },
  verify: { ...toSign, verb: "verify signatures", operations: ["verify"] },
};
