import type { SignatureFormat } from "../../../src/oci/signature-formats.js";

const name: string = "toy";

/** The types name the formats of the product; one that is added there is added to them, in the same file. */
export const toyName = name as SignatureFormat;
