import { OciEncError } from "../../errors.js";
import type { ClientOptions } from "./client.js";

/** UNAVAILABLE when what belongs to an image is at another host, and other hosts must not be asked. */
export function requireOwnHost({ offline, host: own }: ClientOptions, host: string): void {
  if (!offline || host === own) return;
  throw new OciEncError("UNAVAILABLE", `${JSON.stringify(host.slice(0, 300))} is not asked, as --offline says`, {
    hint: `what belongs to images of ${own} is kept there`,
  });
}
