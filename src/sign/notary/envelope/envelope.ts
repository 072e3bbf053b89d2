import type { SignatureAlgorithm } from "../algorithm.js";

/** The media type of what an envelope signs. */
export const payloadType = "application/vnd.cncf.notary.payload.v1+json";

/** The names of signed attributes, the same in JWS and COSE. `signing-and-policy.md` 2.1. */
export const attributeNames = {
  scheme: "io.cncf.notary.signingScheme",
  signingTime: "io.cncf.notary.signingTime",
  authenticSigningTime: "io.cncf.notary.authenticSigningTime",
  expiry: "io.cncf.notary.expiry",
  plugin: "io.cncf.notary.verificationPlugin",
  pluginVersion: "io.cncf.notary.verificationPluginMinVersion",
} as const;

/** The names of unsigned attributes. */
export const unsignedNames = {
  timestamp: "io.cncf.notary.timestampSignature",
  agent: "io.cncf.notary.signingAgent",
} as const;

/** What new envelopes name as the agent; verifiers do not check it. */
export const signingAgent = "oci-enc";

/** An envelope taken apart. Nothing in it is to be believed yet. */
export interface Envelope {
  /** Encoded certificates, leaf first. At least one. */
  readonly chain: readonly Uint8Array[];
  readonly payload: Uint8Array;
  /** What the signature is over, made from the bytes as they came. */
  readonly signedBytes: Uint8Array;
  readonly signature: Uint8Array;
  /** Whether a timestamp token is attached. */
  readonly timestamped: boolean;
  /** Reads the protected part, which only holds once the signature over it has been checked. CORRUPT when it is malformed. */
  headers(): SignedHeaders;
}

/** The protected part as it is written. Only its form has been checked: `attributes.ts` has the rules. */
export interface SignedHeaders {
  /** Undefined: it names none that is known. */
  readonly algorithm: SignatureAlgorithm | undefined;
  readonly contentType: string;
  /** The names that are marked as critical. */
  readonly critical: readonly string[];
  /** The names of all attributes. */
  readonly names: ReadonlySet<string>;
  readonly scheme: string;
  readonly signingTime: Date | undefined;
  readonly authenticSigningTime: Date | undefined;
  readonly expiry: Date | undefined;
}

/** What is to be put into an envelope of scheme `notary.x509`. Times are whole seconds. */
export interface EnvelopeDraft {
  readonly algorithm: SignatureAlgorithm;
  readonly payload: Uint8Array;
  readonly chain: readonly Uint8Array[];
  readonly signingTime: Date;
  readonly expiry: Date | undefined;
}

/** One form of envelopes. One file each, one row in `envelopes.ts`. */
export interface EnvelopeForm {
  /** Takes an envelope apart. CORRUPT when it is malformed. */
  read(content: Uint8Array): Envelope;
  /** Makes one; `sign` is given the bytes to sign. */
  write(draft: EnvelopeDraft, sign: (bytes: Uint8Array) => Uint8Array): Uint8Array;
}
