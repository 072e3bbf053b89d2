import { withholdFromChildren } from "../../process/child-environment.js";

/**
 * Keeps every variable that a key's `:env=NAME` names from programs that are started, whichever option or argument names
 * it. It goes by the text alone, before anything is read: a program may be started before the key is.
 */
export function withholdNamedVariables(args: readonly string[], environment: NodeJS.ProcessEnv): void {
  const options = Object.entries(environment).filter(([name]) => name.startsWith("OCI_ENC_"));
  const values = options.flatMap(([, value = ""]) => value.split(/\r?\n/));
  for (const text of [...args, ...values]) {
    const [, name] = /(?:^|[:=])env=(.+)$/s.exec(text) ?? [];
    if (name !== undefined) withholdFromChildren(name);
  }
}
