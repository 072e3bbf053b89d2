import { OciEncError } from "../../../errors.js";
import type { HostSettings } from "../../registry-options.js";

/**
 * The origins for which the settings of `host` are meant: its scheme and port, and no other port of it. While it is not
 * known whether it speaks TLS there are two. An origin has no default port, so that `h` and `h:443` are one over TLS.
 */
export function ownOrigins(host: string, { plainHttp }: HostSettings): ReadonlySet<string> {
  const schemes = plainHttp ? ["http"] : ["https", "http"];
  return new Set(schemes.map((scheme) => new URL(`${scheme}://${host}`).origin));
}

/** Whether both are the same port of the same host. */
export function isSameHost(one: string, other: string): boolean {
  return new URL(`https://${one}`).origin === new URL(`https://${other}`).origin;
}

/** Docker Hub's registry has another name than its images. */
export function apiHost(host: string): string {
  return host === "docker.io" ? "registry-1.docker.io" : host;
}

/** UNAVAILABLE when what belongs to an image is at another host, and other hosts must not be asked. */
export function requireHostAllowed(
  { offline, host: own }: { readonly offline: boolean; readonly host: string },
  host: string,
): void {
  if (!offline || isSameHost(host, own)) return;
  throw new OciEncError("UNAVAILABLE", `${JSON.stringify(host.slice(0, 300))} is not asked, as --offline says`, {
    hint: `what belongs to images of ${own} is kept there`,
  });
}
