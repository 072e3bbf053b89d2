import type { SchemeRow } from "../../scheme-row.js";

/** JSON Web Encryption: key pairs and JWKs. */
export const jweRow: SchemeRow = {
  scheme: "jwe",
  owns: (suffix) => suffix === "jwe",
  takes: "file",
  help: {
    recipient: "jwe:FILE (PEM, DER, JWK, JWK set, certificate)",
    id: "jwe:KID",
    missingKey: "-k FILE",
  },
  load: async () => (await import("./jwe.js")).jwe,
};
