import type { Signature } from "../../../src/sign/signature.js";
import { type SimpleSigningPayload, writePayload } from "../../../src/sign/simple-signing/payload.js";
import { imageOne } from "./containers-case.js";

/** The name that signatures of image one claim. */
export const signedName = "registry.example.test/team-a/app:v1";

/** What a signer of image one signs. */
export function payloadOfOne(more: Partial<SimpleSigningPayload> = {}): Uint8Array {
  const { digest } = imageOne().descriptor;
  return writePayload({ type: "atomic container signature", digest, reference: signedName, optional: {}, ...more });
}

/** A message as it is found beside image one. */
export function gpgSignature(content: Uint8Array): Signature {
  return {
    format: "gpg",
    subject: imageOne().descriptor.digest,
    content,
    annotations: {},
    where: "signature-1",
  };
}
