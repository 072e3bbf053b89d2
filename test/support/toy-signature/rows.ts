import { emptyConfigType, type FormatRow, type SignatureFormat } from "../../../src/oci/signature-formats.js";
import type { KindRow } from "../../../src/sign/kinds.js";
import { toyName } from "./name.js";

const toyType = "application/vnd.example.toy-signature.v1+json";

/** The row of a signature format that tests add: a layer of a referrer. */
export const toyFormat: FormatRow<SignatureFormat> = {
  name: toyName,
  manifestType: toyType,
  layer: { mediaType: toyType, single: true, onlyWithin: false },
  kept: { in: "referrer", artifactType: toyType, configType: emptyConfigType },
};

/** The row of a kind of key that tests add: `toy:FILE`, a secret that both sides know. */
export const toyKind: KindRow = {
  name: "toy",
  signer: {
    takes: "file",
    form: "TOYFILE",
    passphrase: true,
    passphraseVariable: "TOY_PASSPHRASE",
    load: async (spec) => (await import("./toy.js")).toySigner(spec),
  },
  trust: { form: "TOYFILE", load: async (spec) => (await import("./toy.js")).toyVerifier(spec) },
};
