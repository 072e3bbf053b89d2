/** Enough for a thumbprint, a fingerprint or a distinguished name; a table stays readable. */
const lengthLimit = 100;

/**
 * A text of somebody else as it may be part of a label: control characters, invisible ones and those that change the
 * direction of writing are replaced, since they could move a terminal's cursor or forge what is read; long text is cut.
 */
export function labelText(text: string): string {
  const characters = Array.from(text.slice(0, 2 * lengthLimit));
  const cut = characters.length > lengthLimit || text.length > 2 * lengthLimit;
  const shown = cut ? [...characters.slice(0, lengthLimit - 1), "…"] : characters;
  return shown.join("").replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "\uFFFD");
}
