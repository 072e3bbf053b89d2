/**
 * A reference that was typed, as an error may quote it: bounded, and with `***` for the credentials that somebody wrote
 * into it as into a URL, `user:password@host/app`. No reference has such, so only errors ever see them.
 */
export function redactedReference(text: string): string {
  const named = afterCredentials(text);
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? "";
  return JSON.stringify((named === undefined ? text : `${scheme}***@${named}`).slice(0, 300));
}

/** What to do instead of writing credentials into a reference. Undefined: there are none in it. */
export function credentialsHint(text: string): string | undefined {
  if (afterCredentials(text) === undefined) return undefined;
  return "credentials are not part of a reference: give them with --creds, or once with oci-enc login";
}

/**
 * What follows the last `@` that stands before no digest, if there is a colon before it; a password may have an `@` too. A
 * digest with a slip in it still counts as one, so that its tag stays to be seen.
 */
function afterCredentials(text: string): string | undefined {
  const parts = text.split("@");
  const at = parts.findLastIndex((part) => !/^sha(?:256|512):[^/]*$/.test(part));
  const before = parts.slice(0, Math.max(at, 0)).join("@");
  return before.includes(":") ? parts.slice(at).join("@") : undefined;
}
