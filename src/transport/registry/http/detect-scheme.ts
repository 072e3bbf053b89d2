import { OciEncError } from "../../../errors.js";
import type { HostSettings } from "../../registry-options.js";
import { isLoopbackHost } from "./address-policy.js";
import { speaksNoTls } from "./network-failure.js";

/**
 * Where the paths of a registry begin. On this machine, and where certificates do not matter, HTTP is spoken to a host
 * that does not speak TLS; `ping` asks it once. What `ping` throws for another reason is passed on.
 */
export async function detectScheme(
  host: string,
  settings: HostSettings,
  ping: (url: URL) => Promise<void>,
): Promise<URL> {
  const secure = new URL(`https://${host}`);
  const plain = new URL(`http://${host}`);
  if (settings.plainHttp) return plain;
  if (!isLoopbackHost(secure.hostname) && settings.verifyTls !== false) return secure;
  try {
    await ping(new URL("/v2/", secure));
    return secure;
  } catch (error) {
    if (error instanceof OciEncError && speaksNoTls(error)) return plain;
    throw error;
  }
}
