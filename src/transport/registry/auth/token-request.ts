import { OciEncError } from "../../../errors.js";
import type { Credentials } from "../../registry-options.js";
import { bounded } from "../http/redact.js";

/** What a registry's challenge says of its token server, and what is wanted of it. */
export interface TokenRequest {
  readonly realm: URL;
  readonly service: string | undefined;
  /** `repository:library/bash:pull`. */
  readonly scopes: readonly string[];
  /** Undefined: an anonymous token. */
  readonly credentials: Credentials | undefined;
}

/** A bearer token and how long it may be used, in milliseconds. */
export interface Token {
  readonly value: string;
  readonly lifetime: number;
}

/** An HTTP request to a token server, ready to be sent. */
export interface TokenExchange {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

/** Bytes of a token server's answer; longer ones are refused. */
export const tokenLimit: number = 1024 * 1024;

/**
 * The request of docker's token protocol: GET with Basic, or without anything. An identity token goes by the OAuth2
 * form, a POST that trades a refresh token for an access token. `other`: the other way round, for a server that knows
 * one of the two; an identity token is then the password of the user `<token>`, as docker keeps it.
 */
export function tokenExchange(request: TokenRequest, other: boolean): TokenExchange {
  const { credentials } = request;
  if (credentials && other !== (credentials.kind === "identity-token")) return oauthExchange(request, credentials);
  const url = new URL(request.realm);
  if (request.service !== undefined) url.searchParams.set("service", request.service);
  for (const scope of request.scopes) url.searchParams.append("scope", scope);
  const headers: Record<string, string> = { accept: "application/json" };
  if (credentials?.kind === "password") {
    url.searchParams.set("account", credentials.username);
    headers["authorization"] = basicAuthorization(credentials);
  } else if (credentials) {
    headers["authorization"] = basicAuthorization({ username: "<token>", password: credentials.token });
  }
  return { method: "GET", url, headers, body: undefined };
}

/** The value of an Authorization header. RFC 7617. */
export function basicAuthorization(credentials: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
}

/**
 * Reads a token server's answer: `token`, or OAuth2's `access_token`. Undefined when it holds neither, which is how some
 * refuse. CORRUPT when it is no such answer, or the token cannot be sent.
 */
export function readToken(bytes: Uint8Array, host: string): Token | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw noToken(host, "it is not JSON"); // The parser's message would quote the token.
  }
  const token = member(value, "token") || member(value, "access_token");
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !token) return undefined;
  if (typeof token !== "string") throw noToken(host, "it holds no token");
  if (!/^[\x21-\x7e]+$/.test(token)) throw noToken(host, "the token has characters that no header may have");
  return { value: token, lifetime: lifetimeOf(member(value, "expires_in")) };
}

/** In milliseconds. Sixty seconds when it is not said, or said in nonsense; docker's token specification, `expires_in`. */
function lifetimeOf(expiresIn: unknown): number {
  const seconds = typeof expiresIn === "string" && /^\d{1,9}$/.test(expiresIn) ? Number(expiresIn) : expiresIn;
  const usable = typeof seconds === "number" && Number.isFinite(seconds) && seconds > 0;
  return (usable ? Math.min(seconds, 24 * 3600) : 60) * 1000;
}

function oauthExchange(request: TokenRequest, credentials: Credentials): TokenExchange {
  const form = new URLSearchParams({ client_id: "oci-enc", access_type: "online" });
  if (request.service !== undefined) form.set("service", request.service);
  if (request.scopes.length > 0) form.set("scope", request.scopes.join(" "));
  if (credentials.kind === "password") {
    form.set("grant_type", "password");
    form.set("username", credentials.username);
    form.set("password", credentials.password);
  } else {
    form.set("grant_type", "refresh_token");
    form.set("refresh_token", credentials.token);
  }
  return {
    method: "POST",
    url: request.realm,
    headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
    body: Buffer.from(form.toString()),
  };
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function noToken(host: string, why: string): OciEncError {
  return new OciEncError("CORRUPT", `the token server ${JSON.stringify(bounded(host))} gave no token: ${why}`);
}
