import type { SchemeRow } from "../scheme-row.js";
import { ageRow } from "./age/row.js";
import { jweRow } from "./jwe/row.js";
import { pgpRow } from "./pgp/row.js";
import { pkcs7Row } from "./pkcs7/row.js";
import { pkcs11Row } from "./pkcs11/row.js";
import { providerRow } from "./provider/row.js";
import { sshRow } from "./ssh/row.js";

/** Every key scheme, in the order in which keys are tried and help texts list them. */
export const rows: readonly SchemeRow[] = [jweRow, pgpRow, pkcs7Row, pkcs11Row, ageRow, sshRow, providerRow];
