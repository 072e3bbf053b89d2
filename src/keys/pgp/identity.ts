/** How an OpenPGP key can be named, in a file or in gpg's keyring. */
export interface KeyIdentity {
  /** Of the primary key: upper-case hex. */
  readonly fingerprint: string;
  /** Of the primary key and its subkeys, sixteen upper-case hex digits each. */
  readonly keyIds: readonly string[];
  /** Of the primary key and its subkeys. */
  readonly fingerprints: readonly string[];
  readonly userIds: readonly string[];
}

/**
 * Whether `id` names this key: a fingerprint or long key id of the key or a subkey, the whole user id, or its name or
 * address. A user id that is not an RFC 5322 address names the key by the parts that can be read.
 */
export function names(id: string, key: KeyIdentity): boolean {
  const hex = hexId(id);
  if (hex !== undefined && (key.fingerprints.includes(hex) || key.keyIds.includes(hex))) return true;
  return key.userIds.some((userId) => {
    const { name, address } = userIdParts(userId);
    return userId === id || name === id || address?.toLowerCase() === id.toLowerCase();
  });
}

/**
 * The key id of the one part that `KEYID!` means, as in gpg: that subkey, or the primary key, and no other of the key.
 * Undefined for every other name.
 */
export function exactPart(id: string, key: KeyIdentity): string | undefined {
  const hex = id.endsWith("!") ? hexId(id) : undefined;
  return key.keyIds.find((keyId, at) => keyId === hex || key.fingerprints[at] === hex);
}

/** Whether the text is a key id of eight digits, which is too short to name one key safely. */
export function isShortKeyId(id: string): boolean {
  return /^(0x)?[0-9a-f]{8}!?$/i.test(id);
}

/** A key for people: its fingerprint and first user id. */
export function describeKey(key: KeyIdentity): string {
  const [userId] = key.userIds;
  return userId === undefined ? key.fingerprint : `${key.fingerprint} ${JSON.stringify(userId.slice(0, 128))}`;
}

/** As gpg writes them, with spaces, with 0x before or `!` behind them; undefined for anything else. */
function hexId(id: string): string | undefined {
  const digits = id.replace(/^0x/i, "").replace(/!$/, "").replaceAll(" ", "").toUpperCase();
  return /^([0-9A-F]{16}|[0-9A-F]{40}|[0-9A-F]{64})$/.test(digits) ? digits : undefined;
}

/** `Name (comment) <address>`, with any part missing. */
function userIdParts(userId: string): { readonly name: string; readonly address: string | undefined } {
  const open = userId.lastIndexOf("<");
  const close = userId.indexOf(">", open);
  const bare = /^[^\s<>@]+@[^\s<>@]+$/.test(userId) ? userId : undefined;
  if (open < 0 || close < 0) return { name: withoutComment(userId), address: bare };
  return { name: withoutComment(userId.slice(0, open)), address: userId.slice(open + 1, close) };
}

function withoutComment(name: string): string {
  const trimmed = name.trim();
  const open = trimmed.endsWith(")") ? trimmed.lastIndexOf("(") : -1;
  return (open < 0 ? trimmed : trimmed.slice(0, open)).trim().replace(/^"(.*)"$/s, "$1");
}
