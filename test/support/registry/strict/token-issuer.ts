import { randomUUID, sign } from "node:crypto";
import type { KeyPairFiles } from "../../certificates/certificate.js";
import { reply, replyProblem } from "../request-log.js";
import { startServer, type TestServer } from "../scripted-server.js";

/** Whom a token server knows, and what it signs with. */
export interface IssuerOptions {
  readonly username: string;
  readonly password: string;
  /** Has the same password, and may only pull. */
  readonly reader?: string;
  /** An EC P-256 key whose certificate the registry trusts. */
  readonly signer: KeyPairFiles;
  readonly service: string;
  readonly issuer: string;
  /** Seconds; default 300. */
  readonly lifetime?: number;
}

/** A token server as docker-registry wants one: JWTs for who knows the password. */
export async function startTokenIssuer(options: IssuerOptions): Promise<TestServer> {
  const { username, reader, password } = options;
  const basic = (user: string) => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  return await startServer((exchange) => {
    const { authorization } = exchange.request.headers;
    const reads = reader !== undefined && authorization === basic(reader);
    if (!reads && authorization !== basic(username)) return replyProblem(exchange, 401, "UNAUTHORIZED");
    const access = exchange.url.searchParams
      .getAll("scope")
      .flatMap((scope) => scope.split(" "))
      .map((scope) => {
        const [type = "", name = "", actions = ""] = scope.split(":");
        return { type, name, actions: actions.split(",").filter((action) => !reads || action === "pull") };
      });
    const token = signToken(options, access);
    const body = JSON.stringify({ token, expires_in: options.lifetime ?? 300 });
    reply(exchange, 200, { "content-type": "application/json" }, body);
  });
}

function signToken(options: IssuerOptions, access: readonly object[]): string {
  const chain = options.signer.certificate.replace(/-----[A-Z ]+-----|\s/g, "");
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: options.issuer,
    sub: options.username,
    aud: options.service,
    exp: now + (options.lifetime ?? 300),
    nbf: now - 10,
    iat: now,
    jti: randomUUID(),
    access,
  };
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ typ: "JWT", alg: "ES256", x5c: [chain] })}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(signed), { key: options.signer.key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}
