/** RFC 4648 section 4: standard alphabet, padded. */
export function isBase64(encoded: string): boolean {
  return encoded.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(encoded);
}
