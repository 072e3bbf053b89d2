// For `node --import`, and for tests: from here on this process has one signature format and one kind of key more, as if it
// had been built with them. The product has no way to add one.
import { type FormatRow, type SignatureFormat, signatureFormats } from "../../../src/oci/signature-formats.js";
import { type KindRow, kinds } from "../../../src/sign/kinds.js";
import { toyFormat, toyKind } from "./rows.js";

(signatureFormats as FormatRow<SignatureFormat>[]).push(toyFormat);
(kinds as KindRow[]).push(toyKind);
