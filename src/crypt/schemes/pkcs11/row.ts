import type { SchemeRow } from "../../scheme-row.js";

/** PKCS#11: RSA keys in tokens. */
export const pkcs11Row: SchemeRow = {
  scheme: "pkcs11",
  owns: (suffix) => suffix === "pkcs11",
  takes: "either",
  takesPassphrase: true,
  // The query of a URI may hold a PIN.
  shown: (text) => text.split("?")[0] ?? "",
  help: {
    recipient: "pkcs11:FILE or a PKCS#11 URI",
    key: "a PKCS#11 URI",
    missingKey: "-k with a PKCS#11 URI or a key file",
  },
  describe: async (file) => (await import("../../../keys/pkcs11/describe.js")).describeTokenKey(file),
  wantsPassphrase: async (value) => (await import("../../../keys/pkcs11/describe.js")).wantsPin(value),
  payload: { keys: [{ name: "pkcs11-yamls" }], ignored: ["pkcs11-config"] },
  load: async () => (await import("./pkcs11.js")).pkcs11,
};
