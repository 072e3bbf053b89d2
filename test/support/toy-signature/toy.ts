import { createHmac, timingSafeEqual } from "node:crypto";
import { OciEncError } from "../../../src/errors.js";
import type { Signature } from "../../../src/sign/signature.js";
import type { Signer } from "../../../src/sign/signer.js";
import type { SignerSpec } from "../../../src/sign/signer-spec.js";
import type { TrustSpec } from "../../../src/sign/trust-spec.js";
import type { Verifier } from "../../../src/sign/verifier.js";
import { toyName } from "./name.js";

/** Signs with HMAC-SHA256: the content is JSON with the digest, the claims and the HMAC over both. */
export function toySigner({ value }: SignerSpec): Signer {
  return {
    name: "toy key",
    formats: [toyName],
    usual: [toyName],
    async sign({ format, image, claims }) {
      if (format !== toyName)
        throw new OciEncError("UNSUPPORTED", `a toy key makes no signature of the format ${format}`);
      const { digest } = image.descriptor;
      const content = Buffer.from(JSON.stringify({ digest, claims, mac: macOf(value, { digest, claims }) }));
      return { format, subject: digest, content, annotations: {}, where: "" };
    },
    async repeats(existing, { image, claims }) {
      const said = read(existing);
      return said !== undefined && said.mac === macOf(value, { digest: image.descriptor.digest, claims });
    },
  };
}

/** Checks what {@link toySigner} makes. */
export function toyVerifier({ value }: TrustSpec): Verifier {
  return {
    name: "toy key",
    formats: [toyName],
    async verify(signature, { descriptor }) {
      const said = read(signature);
      if (said === undefined) return { verdict: "refused", code: "CORRUPT", reason: "it is not a toy signature" };
      const expected = Buffer.from(macOf(value, said));
      const given = Buffer.from(said.mac);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        return { verdict: "refused", code: "UNTRUSTED", reason: "it is by another toy key" };
      }
      if (said.digest !== descriptor.digest) {
        return { verdict: "refused", code: "UNTRUSTED", reason: `it is about ${said.digest}` };
      }
      const { claims } = said;
      return { verdict: "accepted", signer: "toy key", identity: undefined, claims, signedAt: undefined, notes: [] };
    },
  };
}

interface Said {
  readonly digest: string;
  readonly claims: Readonly<Record<string, string>>;
}

function macOf(secret: Uint8Array, { digest, claims }: Said): string {
  return createHmac("sha256", secret)
    .update(JSON.stringify([digest, claims]))
    .digest("hex");
}

function read({ format, content }: Signature): (Said & { readonly mac: string }) | undefined {
  if (format !== toyName) return undefined;
  try {
    return JSON.parse(Buffer.from(content).toString("utf8"));
  } catch {
    return undefined;
  }
}
