import type { SchemeRow } from "../../../src/crypt/scheme-row.js";

/**
 * The row of a key scheme that the tests add: `toy:NAME.SECRET`, where both sides know the secret. It does not say what may
 * be shown of that, so nothing may.
 */
export const toyRow: SchemeRow = {
  scheme: "toy",
  owns: (suffix) => suffix === "toy",
  takes: "text",
  sameId: (name, id) => name.toLowerCase() === id,
  help: {
    recipient: "toy:NAME.SECRET",
    key: "toy:NAME.SECRET",
    id: "toy:NAME",
    missingKey: "-k toy:NAME.SECRET",
  },
  payload: { keys: [{ name: "toy-words" }] },
  describe: async (file) => (await import("./toy.js")).describeToyKey(file),
  load: async () => (await import("./toy.js")).toy,
};
