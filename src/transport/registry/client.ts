import type { ByteStream } from "../../bytes/byte-stream.js";
import { OciEncError } from "../../errors.js";
import type { Progress } from "../../progress.js";
import type { HostSettings, Keychain, RegistryTimeouts } from "../registry-options.js";
import { Authorizer } from "./auth/token-renewal.js";
import { type TokenExchange, tokenLimit } from "./auth/token-request.js";
import { type Answer, Connections, type Exchange } from "./http/connections.js";
import { detectScheme } from "./http/detect-scheme.js";
import { type Document, type DocumentLimits, readDocument, readProblem } from "./http/document.js";
import type { Environment } from "./http/environment.js";
import type { Endurance, HostHealth } from "./http/host-health.js";
import type { HostLimiter } from "./http/host-limiter.js";
import { apiHost, ownOrigins } from "./http/offline-guard.js";
import { ownRequest } from "./http/own-request.js";
import { type Asked, problem } from "./http/problem.js";
import { bounded, redactUrl } from "./http/redact.js";
import { followReferral } from "./http/referral.js";
import { isPassing, pauseBefore } from "./http/retry.js";
import { type Attempted, retryLoop } from "./http/retry-loop.js";
import { tellingWarnings } from "./http/warning-header.js";

/** What a client is for and how it behaves. */
export interface ClientOptions {
  /** As it stands in references: `docker.io`, `localhost:5000`. */
  readonly host: string;
  /** Undefined: the registry as a whole (`login`). */
  readonly repository: string | undefined;
  readonly settings: HostSettings;
  /** Whether registries.conf says of another host, `name:port`, that it may be spoken to without verified TLS. */
  readonly insecureAt: (host: string) => boolean;
  readonly keychain: Keychain;
  /** Whether other hosts must not be asked for what belongs to an image. */
  readonly offline: boolean;
  readonly retryTimes: number;
  /** Bytes of an upload's request at most; undefined: as many as there are. */
  readonly chunkSize: number | undefined;
  readonly timeouts: Required<{ readonly [K in keyof RegistryTimeouts]: number }>;
  /** For how long a host that does not answer is tried again. */
  readonly endurance: Endurance;
  readonly limiters: HostLimiters;
  /** The health of each origin; shared by all clients of a transport. */
  readonly health: (origin: string) => HostHealth;
  readonly environment: Environment;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress | undefined;
}

/** The limiter of an origin; shared by all clients of a transport. */
export type HostLimiters = (origin: string) => HostLimiter;

/** One request to the registry. */
export interface RegistryRequest {
  readonly method: Exchange["method"];
  /** Below the registry's root, `/v2/…`; or a URL that an answer gave, checked by `referred`. */
  readonly target: string | URL;
  /** What the token must allow: `repository:library/bash:pull`. */
  readonly scopes: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is sent once: what to do after a failure is for the caller to decide. */
  readonly body?: Uint8Array | ByteStream;
  /** Whether doing it twice is as good as once. Else only an answer that says it was not done (429) is followed by another try. */
  readonly repeat: boolean;
  /** In place of the client's own. */
  readonly signal?: AbortSignal;
  /** Milliseconds until the answer begins; default as in the client's options. */
  readonly response?: number;
}

const redirectLimit = 10;

/** Seconds: a pause that is worth a word. */
const longPause = 3;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Speaks to one registry for one repository: finds out whether it speaks TLS, answers its challenges, follows its
 * redirects without carrying credentials elsewhere, repeats what may be repeated. Rules of the distribution
 * specification are its callers' affair: they get every answer, good or bad.
 */
export class RegistryClient implements AsyncDisposable {
  readonly host: string;
  readonly repository: string | undefined;
  readonly options: ClientOptions;
  /** Bytes that one request of an upload may have, as far as is known; smaller after a 413. Undefined: any number. */
  bodyLimit: number | undefined;
  readonly #connections: Connections;
  readonly #authorizer: Authorizer;
  readonly #tellWarnings: (answer: Answer) => void;
  /** Whether each request is tried once only, as there is another place to ask. */
  hurried = false;
  #origin: Promise<URL> | undefined;
  /** The host that failed last, and what it did. */
  #trouble: { readonly health: HostHealth; readonly what: string } | undefined;

  constructor(options: ClientOptions) {
    this.options = options;
    this.host = options.host;
    this.repository = options.repository;
    this.bodyLimit = options.chunkSize;
    this.#tellWarnings = tellingWarnings(options.host, options.progress);
    this.#connections = new Connections(options, options.environment, options.timeouts.connect);
    this.#authorizer = new Authorizer({
      host: options.host,
      repository: options.repository,
      keychain: options.keychain,
      maySendInClear: (url) => options.settings.plainHttp === true && this.#isOwn(url),
      now: options.environment.now,
      realm: (text, from) => this.referred(text, from, "token server"),
      ask: (exchange) => this.#askTokenServer(exchange),
    });
  }

  /** Whether the host that failed last is not to be tried any more. */
  get hasGivenUp(): boolean {
    return this.#trouble?.health.left(this.options.endurance) === 0;
  }

  /** The last answer to a request, whatever its status. UNAVAILABLE when there was none after all tries; DENIED; ABORTED. */
  async request(request: RegistryRequest): Promise<Answer> {
    return await this.#persist(request, () => this.#authorized(request));
  }

  /** As `request`, with the body read whole, within a limit: CORRUPT when it is larger. */
  async document(request: RegistryRequest, limits: DocumentLimits): Promise<Document> {
    const { answer, bytes } = await this.#persist(request, async () => {
      const answer = await this.#authorized(request);
      const good = answer.status >= 200 && answer.status < 300;
      const bytes = good ? await readDocument(answer, limits) : await readProblem(answer);
      return { answer, bytes, status: answer.status, header: answer.header, discard: async () => undefined };
    });
    return { answer, bytes };
  }

  /** The failure that an unexpected answer means. Reads the first bytes of its body. */
  async problem(answer: Answer, what: string, asked?: Asked): Promise<OciEncError> {
    return documentProblem({ answer, bytes: await readProblem(answer) }, what, asked);
  }

  /** A URL that an answer gave, checked. UNAVAILABLE when it is refused. */
  referred(text: string | undefined, from: URL, what: string): URL {
    const { addressClass } = this.#connections;
    const isClear = (url: URL) => this.#isOwn(url) || this.options.insecureAt(url.host);
    return followReferral(text, { url: from, addressClass, isClear, what }, this.options.environment);
  }

  /**
   * Waits as a repetition would, number `attempt` counted from 0; no longer than the host that failed last is still to be
   * tried. A long pause is reported. ABORTED.
   */
  async pause(attempt: number, retryAfter: string | undefined): Promise<void> {
    const { environment, signal, endurance } = this.options;
    const left = this.#trouble?.health.left(endurance) ?? Number.POSITIVE_INFINITY;
    const milliseconds = Math.min(pauseBefore(attempt, retryAfter, environment), left);
    const seconds = Math.round(milliseconds / 1000);
    if (this.#trouble && seconds >= longPause) {
      this.#tell(this.#trouble.health, `${this.#trouble.what}: trying again in ${seconds} s`);
    }
    try {
      await environment.wait(milliseconds, signal);
    } catch (cause) {
      throw new OciEncError("ABORTED", "interrupted", { cause });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections[Symbol.asyncDispose]();
  }

  #isOwn(url: URL): boolean {
    return ownOrigins(apiHost(this.host), this.options.settings).has(url.origin);
  }

  #persist<T extends Attempted>(request: RegistryRequest, attempt: () => Promise<T>): Promise<T> {
    if (isStream(request.body)) return attempt();
    const pause = (tried: number, retryAfter: string | undefined) => this.pause(tried, retryAfter);
    return retryLoop(attempt, { repeat: request.repeat, times: this.hurried ? 0 : this.options.retryTimes, pause });
  }

  /** Where the registry's paths begin, once it is known whether it speaks TLS. */
  #root(): Promise<URL> {
    const ping = async (url: URL) => {
      const answer = await this.#exchange({ method: "GET", target: "/v2/", scopes: [], repeat: true }, url);
      await answer.discard();
    };
    this.#origin ??= detectScheme(apiHost(this.host), this.options.settings, ping).catch((error: unknown) => {
      this.#origin = undefined;
      throw error;
    });
    return this.#origin;
  }

  /** One try: with the authorization that is known, and through redirects. */
  async #authorized(request: RegistryRequest): Promise<Answer> {
    const root = await this.#root();
    let url = request.target instanceof URL ? request.target : new URL(request.target, root);
    const follows = request.method === "GET" || request.method === "HEAD";
    for (let hops = 0; hops <= redirectLimit; hops += 1) {
      const answer =
        url.origin === root.origin
          ? await this.#challenged(ownRequest({ request, url }, this.options.settings))
          : await this.#exchange(request, url);
      if (!follows || !redirects.has(answer.status)) return answer;
      await answer.discard();
      url = this.referred(answer.header("location"), url, "redirect");
    }
    throw new OciEncError("UNAVAILABLE", `${JSON.stringify(this.host)} redirects without end`);
  }

  /** Sends to the registry itself; once more after a challenge. A stream is not sent twice: the 401 is returned. */
  async #challenged({ request, url }: { request: RegistryRequest; url: URL }): Promise<Answer> {
    const authorization = await this.#authorizer.header(request.scopes);
    const answer = await this.#exchange(request, url, authorization);
    if (answer.status !== 401) return answer;
    const better = await this.#authorizer.handleChallenge(answer, request.scopes, authorization);
    if (!better || isStream(request.body)) return answer;
    await answer.discard();
    return await this.#exchange(request, url, await this.#authorizer.header(request.scopes));
  }

  /** One request and its answer, paced, reported, its warnings shown. */
  async #exchange(request: RegistryRequest, url: URL, authorization?: string): Promise<Answer> {
    const { timeouts, progress, environment } = this.options;
    const signal = request.signal ?? this.options.signal;
    const limiter = this.options.limiters(url.origin);
    const health = this.options.health(url.origin);
    const leave = await limiter.enter(signal);
    if (isStream(request.body)) leave(); // It waits for what may be a download from the same host.
    const started = environment.now();
    try {
      const answer = await this.#connections.send({
        method: request.method,
        url,
        headers: {
          "user-agent": "oci-enc",
          "accept-encoding": "identity",
          ...request.headers,
          ...(authorization ? { authorization } : {}),
        },
        body: request.body,
        signal,
        patience: { ...timeouts, response: request.response ?? timeouts.response },
        tell: (message) => this.#tell(health, message),
      });
      const message = `${request.method} ${redactUrl(url)}: ${answer.status} after ${environment.now() - started} ms`;
      progress?.({ type: "debug", area: "registry", message });
      if (answer.status === 429) limiter.slowDown(pauseBefore(0, answer.header("retry-after"), environment));
      else limiter.relax();
      this.#tellWarnings(answer);
      this.#note(health, answer);
      return answer;
    } catch (error) {
      throw this.#noteFailure(health, error);
    } finally {
      leave();
    }
  }

  #note(health: HostHealth, answer: Answer): void {
    health.alive();
    const what = `${JSON.stringify(answer.url.host)} answered ${answer.status}`;
    this.#trouble = isPassing(answer.status) ? { health, what } : undefined;
  }

  #noteFailure(health: HostHealth, error: unknown): unknown {
    if (!(error instanceof OciEncError)) return error;
    this.#trouble = { health, what: error.message };
    return health.failed(error, this.options.endurance);
  }

  #tell(health: HostHealth, message: string): void {
    if (health.mayTell()) this.options.progress?.({ type: "waiting", message });
  }

  /** A token server's redirect is not followed: it is an answer like another, and no good one. */
  async #askTokenServer(exchange: TokenExchange): Promise<{ status: number; bytes: Uint8Array }> {
    const what = `the token of ${JSON.stringify(bounded(exchange.url.host))}`;
    const { authorization, ...headers } = exchange.headers;
    const request: RegistryRequest = {
      method: exchange.method,
      target: exchange.url,
      scopes: [],
      headers,
      repeat: true,
      ...(exchange.body ? { body: exchange.body } : {}),
    };
    return await this.#persist(request, async () => {
      const answer = await this.#exchange(request, exchange.url, authorization);
      const bytes =
        answer.status === 200 ? await readDocument(answer, { what, limit: tokenLimit }) : await readProblem(answer);
      return { bytes, status: answer.status, header: answer.header, discard: async () => undefined };
    });
  }
}

/** The failure that an unexpected answer means, its body having been read. */
export function documentProblem(document: Document, what: string, asked?: Asked): OciEncError {
  const { answer, bytes } = document;
  return problem({ status: answer.status, url: redactUrl(answer.url), body: bytes }, what, asked);
}

function isStream(body: Uint8Array | ByteStream | undefined): boolean {
  return body !== undefined && !(body instanceof Uint8Array);
}
