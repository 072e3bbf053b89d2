import type { SchemeRow } from "../../scheme-row.js";

/** Key providers: keys that a program or a service holds. */
export const providerRow: SchemeRow = {
  scheme: "provider",
  owns: (suffix) => suffix.startsWith("provider."),
  takes: "text",
  holdsOwnKeys: true,
  // What follows the name are parameters of the provider's own, which may be secret.
  shown: (text) => text.split(":")[0] ?? "",
  // NAME, with or without the key that the provider names.
  sameId: (name, id) => id === name || id.startsWith(`${name}:`),
  nameMeansSeveral: true,
  help: {
    recipient: "provider:NAME[:PARAMETERS]",
    key: "provider:NAME[:PARAMETERS]",
    id: "provider:NAME",
    missingKey: "-k provider:NAME",
  },
  payload: {
    other: (name, parameter) => ({
      value: Buffer.concat([Buffer.from(`${name}:`), parameter]),
      origin: `the provider ${name} of the payload`,
    }),
  },
  compat: { kind: "nothing" },
  load: async () => (await import("./provider.js")).provider,
};
