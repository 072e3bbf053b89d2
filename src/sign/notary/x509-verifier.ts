import { OciEncError } from "../../errors.js";
import type { Verifier } from "../verifier.js";
import { isSelfSigned, type SigningCertificate, sameCertificate } from "./chain/certificate.js";
import { checkValidity } from "./chain/chain.js";
import { checkExpiry } from "./envelope/attributes.js";
import { notaryFormats } from "./envelope/envelopes.js";
import { accepted, checkIntegrity, verdictOf } from "./integrity.js";

/**
 * Checks Notary signatures by root certificates alone, without a trust policy: integrity, a chain to one of them, expiry,
 * validity now. Everybody to whom they issued a signing certificate is trusted. Revocation is not checked, which is noted.
 * KEY_INVALID for a certificate that is not a root.
 */
export function x509Verifier(roots: readonly SigningCertificate[]): Verifier {
  const [first] = roots;
  if (first === undefined) throw new TypeError("no certificate to trust");
  const stray = roots.find((root) => !isSelfSigned(root));
  if (stray !== undefined) {
    throw new OciEncError("KEY_INVALID", `${stray.label} is not a root certificate: another one has issued it`, {
      hint: "name the root that its chain ends with",
    });
  }
  return {
    name: `x509 ${first.name}${roots.length > 1 ? ` and ${roots.length - 1} more` : ""}`,
    formats: notaryFormats,
    verify: (signature, image, now) =>
      verdictOf(async () => {
        const valid = checkIntegrity(signature, image);
        const { chain, attributes } = valid;
        if (attributes.scheme !== "notary.x509") {
          const how = "a trust policy with a store of type signingAuthority is needed to trust it";
          throw new OciEncError("UNTRUSTED", `the signature is by a signing authority: ${how}`);
        }
        if (!roots.some((root) => sameCertificate(root, chain.root))) {
          throw new OciEncError(
            "UNTRUSTED",
            `the chain of ${chain.leaf.label} ends with ${chain.root.label}, which is not trusted`,
          );
        }
        checkExpiry(attributes, now);
        checkValidity(chain, now);
        const revocable = chain.certificates.slice(0, -1).some((certificate) => certificate.revocable);
        return accepted(valid, revocable ? ["whether a certificate was revoked has not been asked"] : []);
      }),
  };
}
