import { copyImage, OciEncError } from "../../../src/doors/index.js";

/**
 * Copies an image between references that may be standard input and output. SIGTERM interrupts it. What went wrong is
 * said on stderr, as code and message.
 */
const [, , from = "", to = ""] = process.argv;
const interrupted = new AbortController();
process.on("SIGTERM", () => interrupted.abort());
try {
  process.stderr.write("started\n");
  await copyImage(from, to, { signal: interrupted.signal });
} catch (error) {
  if (!(error instanceof OciEncError)) throw error;
  process.stderr.write(`${error.code} ${error.message}\n`);
  process.exitCode = error.exitStatus;
}
