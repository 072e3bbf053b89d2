import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import type { Socket } from "node:net";
import { OciEncError } from "../../../../errors.js";
import { networkFailure } from "../network-failure.js";

/** Through which proxy to reach what, and how long that may take. */
export interface TunnelOptions {
  readonly proxy: URL;
  /** `host:port` of the far end; an IPv6 address in brackets. */
  readonly authority: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/**
 * A connection through a proxy's CONNECT (RFC 9110, section 9.3.6), on which TLS is then spoken. UNAVAILABLE when the
 * proxy refuses or hangs up. Our own, as undici's tries again without end when the proxy drops the connection.
 */
export async function openTunnel({ proxy, authority, timeout }: TunnelOptions): Promise<Socket> {
  const start = proxy.protocol === "https:" ? requestTls : requestPlain;
  const asked = start({
    method: "CONNECT",
    host: proxy.hostname.replace(/^\[|\]$/g, ""),
    port: proxy.port || (proxy.protocol === "https:" ? 443 : 80),
    path: authority,
    headers: { host: authority, ...proxyAuthorization(proxy) },
    agent: false,
    timeout,
  });
  const plain = new URL(proxy.origin);
  return await new Promise<Socket>((resolve, reject) => {
    asked.once("connect", (answer: IncomingMessage, socket: Socket) => {
      socket.setTimeout(0);
      if (answer.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(refused(plain, answer.statusCode));
    });
    // Some proxies refuse with an ordinary answer, which has a body.
    asked.once("response", (answer) => {
      asked.destroy();
      reject(refused(plain, answer.statusCode));
    });
    asked.once("timeout", () => asked.destroy(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" })));
    asked.once("error", (error) => reject(networkFailure(error, { url: plain, proxy: true })));
    asked.end();
  });
}

/** The header for a proxy whose URL has a user name. USAGE when that or the password cannot be decoded. */
export function proxyAuthorization(proxy: URL): Readonly<Record<string, string>> {
  if (proxy.username === "") return {};
  const pair = `${decoded(proxy.username, "user name")}:${decoded(proxy.password, "password")}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new OciEncError("USAGE", `the ${what} of the proxy that the environment names is not percent-encoded UTF-8`, {
      cause,
      hint: "write each % of it as %25",
    });
  }
}

function refused(proxy: URL, status: number | undefined): OciEncError {
  const passing = status !== undefined && status >= 500;
  return new OciEncError("UNAVAILABLE", `the proxy ${JSON.stringify(proxy.host)} refuses the connection: ${status}`, {
    retryable: passing,
    hint:
      status === 407 ? "write its user name and password into HTTPS_PROXY: http://user:password@host:port" : undefined,
  });
}
