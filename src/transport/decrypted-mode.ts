import type { EndpointOptions, Upload } from "./transport.js";

/**
 * The mode of a file with content that was encrypted where it came from; undefined for any other. Whoever opens it for more
 * than its owner says so, and then the umask does not count.
 */
export function decryptedMode(
  { decrypted }: Pick<Upload, "decrypted">,
  { plainMode = 0o600 }: Pick<EndpointOptions, "plainMode">,
): number | undefined {
  return decrypted ? plainMode : undefined;
}
