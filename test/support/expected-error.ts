import { type ErrorCode, OciEncError } from "../../src/errors.js";

/** For `assert.throws` and `assert.rejects`: an OciEncError of this code, whose message and hint match. */
export function expectedError(code: ErrorCode, message: RegExp = /./, hint?: RegExp): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof OciEncError)) throw error;
    const asExpected = error.code === code && message.test(error.message) && (hint?.test(error.hint ?? "") ?? true);
    if (!asExpected)
      throw new Error(`expected ${code} ${message}, got ${error.code}: ${error.message} (${error.hint})`);
    return true;
  };
}
