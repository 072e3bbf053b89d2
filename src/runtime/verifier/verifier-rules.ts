import type { Platform } from "../../oci/platform.js";

/** What the image verifier of a node goes by: its file, read and found to make sense. */
export interface VerifierRules {
  /** Of the file. */
  readonly path: string;
  /** The node's private keys: a directory, or one file. */
  readonly keysPath: string;
  /** The list of key providers. Undefined: the one that the environment names, else the usual one, where there is one. */
  readonly providerConfig: string | undefined;
  /** Containerd's directories of `hosts.toml`, the first that knows a registry counts. */
  readonly hostsDirectories: readonly string[];
  /** The only file of credentials. Undefined: those of root, as docker and podman keep them. */
  readonly authFile: string | undefined;
  /** Which images of an index the node would pull; `local`: this machine's, where there is one, else every one. */
  readonly platforms: readonly Platform[] | "local";
  /** Milliseconds until a verdict is there, or the image is refused. */
  readonly timeout: number;
  readonly rules: readonly VerifierRule[];
}

/** What is asked of the images under some names. */
export interface VerifierRule {
  /** Scopes as in `policy.json`, and `*` for every image. */
  readonly images: readonly string[];
  /** In words: without a look at the image, or what it has to be. */
  readonly verdict: "allow" | "refuse" | Demands;
}

/** What an image has to be. */
export interface Demands {
  readonly requireEncrypted: "all" | "some" | undefined;
  readonly requireSigned: boolean;
  /** As they are written: `sigstore:/etc/oci-enc/cosign.pub`. Names of files are absolute. */
  readonly trust: readonly TrustedKey[];
  readonly policy: string | undefined;
  readonly trustPolicy: string | undefined;
  readonly trustStore: string | undefined;
  readonly classes: string | undefined;
  readonly instanceSignatures: boolean;
  readonly bundleIdentity: "none" | "any";
  /** The node's keys have to decrypt the key of every encrypted layer. */
  readonly mustOpen: boolean;
}

/** Whose signatures are trusted. */
export interface TrustedKey {
  readonly kind: string;
  readonly path: string;
}

/** A scope that a rule is for, with the rule; the most specific of those that cover the image. */
export interface MatchedRule {
  readonly scope: string;
  readonly rule: VerifierRule;
}

/** The scope of every image. */
export const everyImage = "*";

/** The rule for an image: that of the first of `scopes` which a rule has, the most specific one first. Undefined: none has. */
export function matchRule(rules: readonly VerifierRule[], scopes: readonly string[]): MatchedRule | undefined {
  for (const scope of [...scopes, everyImage]) {
    const rule = rules.find(({ images }) => images.includes(scope));
    if (rule !== undefined) return { scope, rule };
  }
  return undefined;
}
