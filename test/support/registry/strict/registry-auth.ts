import { randomBytes } from "node:crypto";
import { readBody, reply, replyProblem, type ServerExchange } from "../request-log.js";

/** Who may use a test registry. */
export type StrictAuth = { readonly kind: "basic"; readonly username: string; readonly password: string } | BearerAuth;

/** Tokens from `/token` of the same server, or from `realm`. */
export interface BearerAuth {
  readonly kind: "bearer";
  /** Undefined: anybody gets a token, for pulls. */
  readonly username?: string;
  readonly password?: string;
  /** A refresh token that is taken, too. */
  readonly identityToken?: string;
  /** Default: this server's `/token`. */
  readonly realm?: string;
  /** As it stands in the answer; default 300. */
  readonly expiresIn?: unknown;
  /** How many requests a token is good for; default: any number. */
  readonly uses?: number;
  /** Answers GET with 405, as servers do that know OAuth2 alone. */
  readonly onlyForm?: boolean;
}

/** The tokens that are out. */
export interface Access {
  readonly auth: StrictAuth | undefined;
  readonly tokens: Map<string, { readonly scopes: readonly string[]; uses: number }>;
}

/** True: the request may go on. Else it has been answered. */
export async function authorize(exchange: ServerExchange, access: Access): Promise<boolean> {
  const { auth } = access;
  if (!auth) return true;
  if (auth.kind === "bearer" && exchange.url.pathname === "/token") {
    await answerToken(exchange, access, auth);
    return false;
  }
  const header = exchange.request.headers.authorization;
  if (auth.kind === "basic") {
    if (header === basic(auth)) return true;
    replyProblem(exchange, 401, "UNAUTHORIZED", { "www-authenticate": 'Basic realm="test registry"' });
    return false;
  }
  return checkToken(exchange, access, auth);
}

function checkToken(exchange: ServerExchange, access: Access, auth: BearerAuth): boolean {
  const wanted = neededScope(exchange);
  const held = access.tokens.get(exchange.request.headers.authorization?.replace(/^Bearer /, "") ?? "");
  const covers = held !== undefined && held.uses > 0 && (wanted === undefined || allows(held.scopes, wanted));
  if (covers) {
    held.uses -= 1;
    return true;
  }
  const realm = auth.realm ?? `http://${exchange.request.headers.host}/token`;
  const scope = wanted === undefined ? "" : `,scope="${wanted}"`;
  const error = held ? ',error="insufficient_scope"' : "";
  replyProblem(exchange, 401, "UNAUTHORIZED", {
    "www-authenticate": `Bearer realm="${realm}",service="test registry"${scope}${error}`,
  });
  return false;
}

async function answerToken(exchange: ServerExchange, access: Access, auth: BearerAuth): Promise<undefined> {
  const form = new URLSearchParams((await readBody(exchange)).toString("utf8"));
  const isForm = exchange.record.method === "POST";
  if (auth.onlyForm && !isForm) return replyProblem(exchange, 405, "UNSUPPORTED");
  const known = isForm ? knownByForm(form, auth) : exchange.request.headers.authorization === basic(auth);
  const anonymous = !isForm && exchange.request.headers.authorization === undefined;
  if (!known && !(anonymous && auth.username === undefined)) return replyProblem(exchange, 401, "UNAUTHORIZED");
  const scopes = isForm ? (form.get("scope") ?? "").split(" ") : exchange.url.searchParams.getAll("scope");
  const token = randomBytes(16).toString("hex");
  access.tokens.set(token, { scopes, uses: auth.uses ?? Number.POSITIVE_INFINITY });
  const body = { [isForm ? "access_token" : "token"]: token, expires_in: auth.expiresIn ?? 300 };
  reply(exchange, 200, { "content-type": "application/json" }, JSON.stringify(body));
}

function knownByForm(form: URLSearchParams, auth: BearerAuth): boolean {
  if (form.get("grant_type") === "refresh_token") return form.get("refresh_token") === auth.identityToken;
  return form.get("username") === auth.username && form.get("password") === auth.password;
}

function neededScope({ url, record }: ServerExchange): string | undefined {
  const repository = /^\/v2\/(.+)\/(?:blobs|manifests|tags|referrers)\//.exec(url.pathname)?.[1];
  if (repository === undefined) return undefined;
  const reads = record.method === "GET" || record.method === "HEAD";
  return `repository:${repository}:${record.method === "DELETE" && /manifests/.test(url.pathname) ? "delete" : reads ? "pull" : "pull,push"}`;
}

function allows(scopes: readonly string[], wanted: string): boolean {
  const colon = wanted.lastIndexOf(":");
  const actions = wanted.slice(colon + 1).split(",");
  return scopes.some((scope) => {
    const at = scope.lastIndexOf(":");
    return (
      scope.slice(0, at) === wanted.slice(0, colon) &&
      actions.every((action) =>
        scope
          .slice(at + 1)
          .split(",")
          .includes(action),
      )
    );
  });
}

function basic(auth: { readonly username?: string; readonly password?: string }): string {
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString("base64")}`;
}
