import { OciEncError } from "../errors.js";
import type { Refused } from "./signature.js";

/** A judgement that says no. `reason` is lower case, and holds nothing raw from outside. */
export function refused(code: Refused["code"], reason: string): Refused {
  return { verdict: "refused", code, reason };
}

/** What was found wrong with one signature, as a judgement. Anything that is not about the signature is thrown on. */
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
