/** The query parameters of registries that hold nothing secret. Signed URLs of object stores hold their key in others. */
const harmless: ReadonlySet<string> = new Set([
  "digest",
  "mount",
  "from",
  "n",
  "last",
  "service",
  "scope",
  "artifactType",
]);

/** A URL as it may be shown: without user name, password and fragment, and with the harmless query parameters alone. */
export function redactUrl(url: URL): string {
  const shown = new URL(url.origin + url.pathname);
  let hidden = false;
  for (const [name, value] of url.searchParams) {
    if (harmless.has(name)) shown.searchParams.append(name, value);
    else hidden = true;
  }
  return bounded(shown.href + (hidden ? (shown.search === "" ? "?…" : "&…") : ""));
}

/** Text from outside as one bounded line: control characters and what reorders text on a terminal become `\u{…}`. */
export function bounded(text: string, limit = 300): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return cut.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
