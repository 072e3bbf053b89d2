import { withholdFromChildren } from "../../process/child-environment.js";
import { kinds } from "../../sign/kinds.js";

/**
 * Keeps variables with passphrases from programs that are started: those that kinds of signing keys declare, and every one
 * that a key's `:env=NAME` names, whichever option or argument names it. It goes by the text alone, before anything is
 * read: a program may be started before the key is.
 */
export function withholdPassphraseVariables(args: readonly string[], environment: NodeJS.ProcessEnv): void {
  for (const { signer } of kinds) {
    if (signer?.passphraseVariable !== undefined) withholdFromChildren(signer.passphraseVariable);
  }
  for (const name of passphraseVariables(args, environment)) withholdFromChildren(name);
}

/** The variables that `:env=NAME` names. */
export function passphraseVariables(args: readonly string[], environment: NodeJS.ProcessEnv): ReadonlySet<string> {
  const options = Object.entries(environment).filter(([name]) => name.startsWith("OCI_ENC_"));
  const values = options.flatMap(([, value = ""]) => value.split(/\r?\n/));
  return new Set([...args, ...values].flatMap((text) => /(?:^|[:=])env=(.+)$/s.exec(text)?.[1] ?? []));
}
