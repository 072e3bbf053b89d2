import { OciEncError } from "../../../errors.js";
import type { Credentials, Keychain } from "../../registry-options.js";
import { isLoopbackHost } from "../http/address-policy.js";
import type { Answer } from "../http/connections.js";
import { bounded } from "../http/redact.js";
import { type Challenge, parseChallenges } from "./challenge.js";
import {
  basicAuthorization,
  readToken,
  type Token,
  type TokenExchange,
  type TokenRequest,
  tokenExchange,
} from "./token-request.js";

/** What an authorizer needs of its client. */
export interface AuthorizerNeeds {
  readonly host: string;
  readonly repository: string | undefined;
  readonly keychain: Keychain;
  /** Whether credentials may go to `url` over HTTP although it is not this machine. */
  maySendInClear(url: URL): boolean;
  now(): number;
  /** Checks where a challenge sends us. Throws when that is refused. */
  realm(text: string | undefined, from: URL): URL;
  /** Sends to a token server, follows no redirect, reads a bounded answer. */
  ask(exchange: TokenExchange): Promise<{ readonly status: number; readonly bytes: Uint8Array }>;
}

/** A token is renewed when less than this is left of it, or a tenth of its life if that is less. */
const margin = 10_000;

/** Knows how one registry wants to be asked, and holds the tokens it gave, one for each set of scopes. */
export class Authorizer {
  readonly #needs: AuthorizerNeeds;
  readonly #tokens = new Map<string, { header: string; renewAt: number }>();
  readonly #fetching = new Map<string, Promise<void>>();
  #way:
    | { readonly kind: "basic"; readonly header: string }
    | { readonly kind: "bearer"; readonly registry: URL; readonly realm: URL; readonly service: string | undefined }
    | undefined;
  #credentials: Promise<Credentials | undefined> | undefined;

  constructor(needs: AuthorizerNeeds) {
    this.#needs = needs;
  }

  /** The Authorization header for a request; undefined until a challenge has said that one is wanted. */
  async header(scopes: readonly string[]): Promise<string | undefined> {
    if (this.#way?.kind === "basic") return this.#way.header;
    const held = this.#tokens.get(scopes.join(" "));
    if (!held || this.#needs.now() < held.renewAt) return held?.header;
    await this.#renew(scopes, scopes);
    return this.#tokens.get(scopes.join(" "))?.header;
  }

  /**
   * Learns from a 401 to a request that was sent with `sent`. True: the next header differs, so asking again may help.
   * DENIED when the registry wants credentials that may not be sent to it; what else a token server answers.
   */
  async handleChallenge(answer: Answer, scopes: readonly string[], sent: string | undefined): Promise<boolean> {
    const challenges = parseChallenges(answer.headers("www-authenticate"));
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer) return await this.#learnBearer(bearer, answer.url, scopes, sent);
    if (!challenges.some(({ scheme }) => scheme === "basic")) return false;
    const credentials = await this.#who(answer.url);
    if (credentials?.kind !== "password") return false;
    const header = basicAuthorization(credentials);
    this.#way = { kind: "basic", header };
    return header !== sent;
  }

  async #learnBearer(
    challenge: Challenge,
    from: URL,
    scopes: readonly string[],
    sent: string | undefined,
  ): Promise<boolean> {
    const realm = this.#needs.realm(challenge.parameters.get("realm"), from);
    this.#way = { kind: "bearer", registry: from, realm, service: challenge.parameters.get("service") };
    const held = this.#tokens.get(scopes.join(" "))?.header;
    if (held !== undefined && held !== sent) return true; // Another request has renewed it meanwhile.
    const asked = (challenge.parameters.get("scope") ?? "").split(" ").filter((scope) => scope !== "");
    await this.#renew(scopes, joinScopes(scopes, asked));
    return this.#tokens.get(scopes.join(" "))?.header !== sent;
  }

  /** One token request for one set of scopes at a time. */
  #renew(scopes: readonly string[], asked: readonly string[]): Promise<void> {
    const key = scopes.join(" ");
    const running = this.#fetching.get(key) ?? this.#fetch(key, asked).finally(() => this.#fetching.delete(key));
    this.#fetching.set(key, running);
    return running;
  }

  async #fetch(key: string, scopes: readonly string[]): Promise<void> {
    if (this.#way?.kind !== "bearer") return;
    const { registry, realm, service } = this.#way;
    const credentials = await this.#who(realm, registry);
    const token =
      credentials?.kind === "registry-token"
        ? { value: credentials.token, lifetime: Number.POSITIVE_INFINITY }
        : await this.#exchange({ realm, service, scopes, credentials });
    const renewAt = this.#needs.now() + token.lifetime - Math.min(margin, token.lifetime / 10);
    this.#tokens.set(key, { header: `Bearer ${token.value}`, renewAt });
  }

  async #exchange(request: TokenRequest): Promise<Token> {
    let answer = await this.#needs.ask(tokenExchange(request, false));
    const otherWay = [404, 405, 501].includes(answer.status) && request.credentials !== undefined;
    if (otherWay) answer = await this.#needs.ask(tokenExchange(request, true));
    const token = answer.status === 200 ? readToken(answer.bytes, request.realm.host) : undefined;
    if (token) return token;
    const denied = answer.status === 200 || (answer.status >= 400 && answer.status < 500 && answer.status !== 429);
    throw new OciEncError(
      denied ? "DENIED" : "UNAVAILABLE",
      `the token server ${JSON.stringify(request.realm.host)} gave no token for ${JSON.stringify(bounded(request.scopes.join(" ")))}: ${answer.status === 200 ? "there is none in its answer" : answer.status}`,
      { hint: denied ? "log in with `oci-enc login`, or check user name and password" : undefined },
    );
  }

  /** Whose credentials, given that they would go to `asker`; a token that is there already, to the registry itself. */
  async #who(asker: URL, registry = asker): Promise<Credentials | undefined> {
    this.#credentials ??= this.#needs.keychain.credentials(this.#needs.host, this.#needs.repository);
    const credentials = await this.#credentials;
    const url = credentials?.kind === "registry-token" ? registry : asker;
    const safe = url.protocol === "https:" || isLoopbackHost(url.hostname) || this.#needs.maySendInClear(url);
    if (!credentials || safe) return credentials;
    const what = `the credentials for ${JSON.stringify(this.#needs.host)}`;
    throw new OciEncError("DENIED", `${what} are not sent over HTTP to ${JSON.stringify(url.host)}`, {
      hint: "--plain-http sends them to the registry alone, where everybody on the way can read them; --no-creds sends none",
    });
  }
}

/** One entry for each resource, with the actions of both. A scope that is no `type:name:actions` is kept as it is. */
function joinScopes(own: readonly string[], asked: readonly string[]): readonly string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of [...own, ...asked]) {
    const colon = scope.lastIndexOf(":");
    const [resource, list] = colon < 0 ? [scope, ""] : [scope.slice(0, colon), scope.slice(colon + 1)];
    const known = actions.get(resource) ?? new Set();
    for (const action of list.split(",")) known.add(action);
    actions.set(resource, known);
  }
  return [...actions].map(([resource, set]) => (set.has("") ? resource : `${resource}:${[...set].join(",")}`));
}
