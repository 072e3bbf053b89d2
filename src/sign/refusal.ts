import { OciEncError } from "../errors.js";
import type { Refused } from "./signature.js";

/** A verdict that says no. `reason` is lower case, and holds nothing raw from outside. */
export function refused(code: Refused["code"], reason: string): Refused {
  return { verdict: "refused", code, reason };
}

/** What was found wrong with one signature, as a verdict. An error that is not about the signature is thrown again. */
export function refusal(error: unknown): Refused {
  if (!(error instanceof OciEncError)) throw error;
  switch (error.code) {
    case "CORRUPT":
    case "UNTRUSTED":
    case "UNSUPPORTED":
      return refused(error.code, error.message);
    default:
      throw error;
  }
}
