/** Media type of a layer that is a payload, with its signature in the annotations. `signing-and-policy.md` 1.3. */
export const simpleSigningLayer = "application/vnd.dev.cosign.simplesigning.v1+json";

/** Where such a layer has its signature, in base64. */
export const signatureAnnotation = "dev.cosignproject.cosign/signature";
