/** Claims by their names: made by a signature, or required of one. */
export type Claims = Readonly<Record<string, unknown>>;

/** The first of the required claims that `claimed` lacks, or has with another text; undefined: none is missing. */
export function missingClaim(required: Claims, claimed: Claims): string | undefined {
  return Object.keys(required).find((name) => !Object.hasOwn(claimed, name) || claimed[name] !== required[name]);
}

/** Whether both claim the same, and nothing more. */
export function sameClaims(some: Claims, others: Claims): boolean {
  return missingClaim(some, others) === undefined && missingClaim(others, some) === undefined;
}
