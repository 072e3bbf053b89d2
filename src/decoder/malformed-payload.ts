import { OciEncError } from "../errors.js";

/** CORRUPT: the payload is not what the client should have sent. Nothing of its content appears in the message. */
export function malformedPayload(why: string): OciEncError {
  return new OciEncError("CORRUPT", `the payload on descriptor 3 is malformed: ${why}`);
}
