/** The target of `Link: <…>; rel="next"`; undefined when this is the last page. RFC 8288. */
export function nextLink(values: readonly string[]): string | undefined {
  for (const value of values) {
    for (const match of value.slice(0, 8192).matchAll(/<([^>]*)>([^,<]*)/g)) {
      if (/;\s*rel\s*=\s*(?:"next"|next(?![\w-]))/i.test(match[2] ?? "")) return match[1];
    }
  }
  return undefined;
}
