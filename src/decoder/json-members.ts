/** The members of a JSON object; undefined for any other value. */
export function membersOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value));
}

/** Those members that are texts, as annotations are; others are left out. */
export function textsOf(members: ReadonlyMap<string, unknown>): Record<string, string> {
  return Object.fromEntries([...members].filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
