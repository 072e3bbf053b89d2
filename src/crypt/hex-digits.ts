/** Hexadecimal digits however tools print them: in either case, with `0x`, spaces or colons. In upper case. */
export function hexDigits(text: string): string {
  return text.replace(/^0x/i, "").replaceAll(/[\s:]/g, "").toUpperCase();
}
