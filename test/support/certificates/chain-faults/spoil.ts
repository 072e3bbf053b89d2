import type { CertificateDraft, ExtensionDraft } from "../handmade-certificate.js";

/** One way to spoil a chain. */
export interface ChainFault {
  readonly name: string;
  /** What is said of it. */
  readonly reason: RegExp;
  /** Whether OpenSSL refuses it, too; if not, `reason` is a rule that is held here beyond OpenSSL's. */
  readonly opensslRefuses: boolean;
  /** How long the chain has to be at least. */
  readonly needs: number;
  readonly spoil: Spoil;
}

/** Spoils a chain, leaf first; `pick` is a number to choose a certificate by. */
export type Spoil = (chain: CertificateDraft[], pick: number) => void;

/** Spoils one certificate. */
export type Change = (draft: CertificateDraft) => void;

/** A fault that OpenSSL refuses as well. */
export function refusedByBoth(name: string, reason: RegExp, spoil: Spoil, needs = 2): ChainFault {
  return { name, reason, spoil, needs, opensslRefuses: true };
}

/** A fault that OpenSSL accepts. */
export function refusedHere(name: string, reason: RegExp, spoil: Spoil, needs = 2): ChainFault {
  return { name, reason, spoil, needs, opensslRefuses: false };
}

/** The certificate that signs images. */
export function leaf(...changes: readonly Change[]): Spoil {
  return (chain) => apply(chain.slice(0, 1), changes);
}

/** The last one. */
export function root(...changes: readonly Change[]): Spoil {
  return (chain) => apply(chain.slice(-1), changes);
}

/** The one below the root. */
export function topIntermediate(...changes: readonly Change[]): Spoil {
  return (chain) => apply(chain.slice(-2, -1), changes);
}

/** The one that has issued the leaf. */
export function lowestAuthority(...changes: readonly Change[]): Spoil {
  return (chain) => apply(chain.slice(1, 2), changes);
}

/** Whichever is picked. */
export function any(...changes: readonly Change[]): Spoil {
  return (chain, pick) => apply(picked(chain, pick), changes);
}

/** Whichever authority is picked. */
export function anyAuthority(...changes: readonly Change[]): Spoil {
  return (chain, pick) => apply(picked(chain.slice(1), pick), changes);
}

/** Whichever is picked, except the root. */
export function anyIssued(...changes: readonly Change[]): Spoil {
  return (chain, pick) => apply(picked(chain.slice(0, -1), pick), changes);
}

/** Several, in order. */
export function all(...spoils: readonly Spoil[]): Spoil {
  return (chain, pick) => {
    for (const spoil of spoils) spoil(chain, pick);
  };
}

/** Writes over some members. */
export function set(members: Partial<CertificateDraft>): Change {
  return (draft) => {
    Object.assign(draft, members);
  };
}

/** An extension in place of those of the same kind. */
export function put(extension: ExtensionDraft): Change {
  return (draft) => {
    drop(extension.id)(draft);
    draft.extensions.push({ ...extension });
  };
}

/** The same from its parts. */
export function odd(id: string, critical: boolean, value: Uint8Array): Change {
  return put({ id, critical, value });
}

/** No extension of this kind. */
export function drop(id: string): Change {
  return (draft) => {
    draft.extensions = draft.extensions.filter((extension) => extension.id !== id);
  };
}

/** Whether the extension is critical. */
export function mark(id: string, critical: boolean): Change {
  return (draft) => {
    for (const extension of draft.extensions) if (extension.id === id) extension.critical = critical;
  };
}

/** The extension once more. */
export function again(id: string): Change {
  return (draft) => {
    draft.extensions.push(...draft.extensions.filter((extension) => extension.id === id));
  };
}

function apply(drafts: readonly CertificateDraft[], changes: readonly Change[]): void {
  for (const draft of drafts) for (const change of changes) change(draft);
}

function picked(drafts: readonly CertificateDraft[], pick: number): readonly CertificateDraft[] {
  return drafts.filter((_, index) => index === pick % drafts.length);
}
