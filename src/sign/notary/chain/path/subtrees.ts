const label = "[A-Za-z0-9_]+(?:-+[A-Za-z0-9_]+)*";
const host = new RegExp(`^${label}(?:\\.${label})*$`);
const domain = new RegExp(`^(?:\\.?${label}(?:\\.${label})*)?$`);

/**
 * Whether a dNSName is in a subtree of RFC 5280 section 4.2.1.10: `example.org` holds that host and all below it, and
 * `.example.org` those below it alone. Undefined: one of them is not a plain host name, so that they cannot be compared.
 */
export function isInDomain(name: string, subtree: string): boolean | undefined {
  if (!host.test(name) || !domain.test(subtree)) return undefined;
  const [inner, outer] = [name.toLowerCase(), subtree.toLowerCase()];
  return outer === "" || inner === outer || inner.endsWith(outer.startsWith(".") ? outer : `.${outer}`);
}

/** What may be before the at sign without quotes; RFC 5321 section 4.1.2. */
const local = "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+";
const mailbox = new RegExp(`^(${local})@(${label}(?:\\.${label})*)$`);

/**
 * Whether an rfc822Name is in a subtree: `user@example.org` is that mailbox, `example.org` those of that host alone, and
 * `.example.org` those of the hosts below it. Undefined: one of them is not a plain address, so that they cannot be compared.
 */
export function isInMailbox(name: string, subtree: string): boolean | undefined {
  const [, user, at = ""] = mailbox.exec(name) ?? [];
  const [, only, exact = subtree] = mailbox.exec(subtree) ?? [];
  if (user === undefined || exact === "" || !domain.test(exact)) return undefined;
  const [inner, outer] = [at.toLowerCase(), exact.toLowerCase()];
  if (only !== undefined) return user === only && inner === outer;
  return outer.startsWith(".") ? inner.endsWith(outer) : inner === outer;
}
