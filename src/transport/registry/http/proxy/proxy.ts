import { OciEncError } from "../../../../errors.js";
import { inBlock, isLoopbackHost, literalAddress } from "../address-policy.js";
import type { Environment } from "../environment.js";

/**
 * The proxy that the environment names for `url`; undefined when there is none, when NO_PROXY names the host, or when
 * it is this machine. HTTPS_PROXY, HTTP_PROXY, else ALL_PROXY; lower case counts first. USAGE when it is not a URL.
 */
export function proxyFor(url: URL, variables: Environment["variables"]): URL | undefined {
  const read = (name: string) => variables[name.toLowerCase()] || variables[name];
  const text = read(url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY") || read("ALL_PROXY");
  if (!text || isLoopbackHost(url.hostname) || isExempt(url, read("NO_PROXY") ?? "")) return undefined;
  const spelled = text.includes("://") ? text : `http://${text}`;
  const proxy = URL.canParse(spelled) ? new URL(spelled) : undefined;
  if (!proxy || (proxy.protocol !== "http:" && proxy.protocol !== "https:")) {
    throw new OciEncError("USAGE", "the proxy that the environment names is not an http or https URL", {
      hint: "write HTTPS_PROXY as http://host:port",
    });
  }
  return proxy;
}

/**
 * Whether NO_PROXY names the host of `url`: `*`, a name (and all below it), `.name` (only what is below it), an
 * address or a block of addresses, each with a port or without.
 */
export function isExempt(url: URL, noProxy: string): boolean {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return noProxy
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => matches(entry.toLowerCase(), url.hostname.toLowerCase().replace(/\.$/, ""), port));
}

function matches(entry: string, hostname: string, port: string): boolean {
  if (entry === "*") return true;
  const address = literalAddress(hostname);
  if (entry.includes("/")) return address !== undefined && inBlock(address, entry);
  const { host, port: wanted } = splitPort(entry);
  if (wanted !== undefined && wanted !== port) return false;
  const literal = literalAddress(host);
  if (literal !== undefined)
    return address !== undefined && inBlock(address, `${literal}/${literal.includes(":") ? 128 : 32}`);
  const name = host.replace(/^\*/, "").replace(/\.$/, "");
  if (name.startsWith(".")) return hostname.endsWith(name);
  return name !== "" && (hostname === name || hostname.endsWith(`.${name}`));
}

function splitPort(entry: string): { host: string; port: string | undefined } {
  const match = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry);
  return match ? { host: match[1] ?? "", port: match[2] } : { host: entry, port: undefined };
}
