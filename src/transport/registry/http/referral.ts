import { OciEncError } from "../../../errors.js";
import { type AddressClass, isLoopbackHost, literalAddress, mayReach } from "./address-policy.js";
import type { Environment } from "./environment.js";
import { bounded, redactUrl } from "./redact.js";

/** Who sends us somewhere, and what that place is for. */
export interface Referrer {
  /** The URL whose answer named the place; relative places are relative to it. */
  readonly url: URL;
  /** What kind of address the registry itself has. */
  readonly addressClass: AddressClass;
  /** Whether HTTP may be spoken to a place that is not this machine. */
  readonly isClear: (url: URL) => boolean;
  /** For messages: `upload location`, `token server`, `redirect`. */
  readonly what: string;
}

/**
 * The place that an answer sends us to: a redirect, an upload's Location, a realm, a next page. UNAVAILABLE when it is
 * no http(s) URL, carries credentials, gives up TLS, is HTTP to whom it is not granted, or spells out an address that the
 * registry has no business with. What is granted to a registry is not for another port of its host.
 * Names are checked when they are resolved, against the address that is then connected to (`connections.ts`).
 */
export function followReferral(text: string | undefined, from: Referrer, environment: Environment): URL {
  if (!text || text.length > 8192 || !URL.canParse(text, from.url.href)) {
    throw refused(from, text ? `is not a URL: ${JSON.stringify(bounded(text))}` : "is missing");
  }
  const url = new URL(text, from.url);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw refused(from, `is ${JSON.stringify(url.protocol)}`);
  if (url.username !== "" || url.password !== "") throw refused(from, "carries credentials");
  if (from.url.protocol === "https:" && url.protocol === "http:") {
    throw refused(
      from,
      `leads from https to http: ${redactUrl(url)}`,
      "a proxy in front of the registry may lack X-Forwarded-Proto",
    );
  }
  url.hash = "";
  if (url.origin !== from.url.origin) requireReachable(url, from, environment);
  return url;
}

/** UNAVAILABLE when another place than the one that sends us there is internal to it, or HTTP to whom it is not granted. */
function requireReachable(url: URL, from: Referrer, environment: Environment): void {
  const address = literalAddress(url.hostname);
  const internal =
    address !== undefined ? environment.classify(address) : isLoopbackHost(url.hostname) ? "loopback" : "public";
  if (!mayReach(from.addressClass, internal)) throw refused(from, `names an internal address: ${redactUrl(url)}`);
  if (url.protocol === "http:" && !isLoopbackHost(url.hostname) && !from.isClear(url)) {
    throw refused(
      from,
      `is HTTP, which is not granted to ${JSON.stringify(url.host)}: ${redactUrl(url)}`,
      `--plain-http is for the registry alone; insecure = true in registries.conf with location = ${JSON.stringify(url.host)} grants it`,
    );
  }
}

function refused(from: Referrer, why: string, hint?: string): OciEncError {
  return new OciEncError("UNAVAILABLE", `the ${from.what} given by ${from.url.host} is refused: it ${why}`, { hint });
}
