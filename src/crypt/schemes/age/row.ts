import type { SchemeRow } from "../../scheme-row.js";
import { ageSuffix } from "./suffix.js";

/** age: identities in files, classical and post-quantum. */
export const ageRow: SchemeRow = {
  scheme: "age",
  owns: (suffix) => suffix === ageSuffix,
  takes: "either",
  // A recipient is a public key. An identity, given by mistake, is none.
  shown: (text) => (/^age1[a-z0-9]{8}/.test(text) ? `${text.slice(0, 20)}…` : "…"),
  help: {
    recipient: "age:RECIPIENT or age:FILE",
    missingKey: "-k FILE",
  },
  describe: async (file) => (await import("./describe.js")).describeAgeKeys(file),
  wantsPassphrase: async (value) => (await import("./identities-file.js")).isEncryptedIdentity(value),
  load: async () => (await import("./age.js")).age,
};
