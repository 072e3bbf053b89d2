/** Simple signatures of one manifest, and bytes of one: a place that has more is not believed. `signing-and-policy.md` 3.2. */
export const signatureLimits: { readonly count: number; readonly bytes: number } = {
  count: 128,
  bytes: 4 * 1024 * 1024,
};
