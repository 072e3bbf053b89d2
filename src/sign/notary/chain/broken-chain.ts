import { OciEncError } from "../../../errors.js";

/** UNTRUSTED: a chain breaks a rule. `how` goes on from "the certificate chain". */
export function brokenChain(how: string): OciEncError {
  return new OciEncError("UNTRUSTED", `the certificate chain ${how}`);
}
