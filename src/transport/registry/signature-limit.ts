/** Simple signatures of one manifest; a place that has more is not believed. `signing-and-policy.md` 3.2. */
export const signatureLimit = 128;
