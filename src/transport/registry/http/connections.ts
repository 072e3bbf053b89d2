import { isIPv6, type LookupFunction } from "node:net";
import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createSecureContext } from "node:tls";
import { buildConnector, type Dispatcher, Pool } from "undici";
import { type ByteStream, chunkSize } from "../../../bytes/byte-stream.js";
import { OciEncError } from "../../../errors.js";
import type { HostSettings } from "../../registry-options.js";
import { type AddressClass, literalAddress, mayReach } from "./address-policy.js";
import { readTrust, type Trust } from "./certificates.js";
import type { Environment } from "./environment.js";
import { networkFailure } from "./network-failure.js";
import { apiHost, ownOrigins } from "./offline-guard.js";
import { proxyFor } from "./proxy/proxy.js";
import { openTunnel, proxyAuthorization } from "./proxy/proxy-tunnel.js";
import { socketReadBuffer } from "./socket-buffer.js";
import { type Patience, pieceSize, StallWatch } from "./stall-watch.js";

/** One HTTP request, without any of the rules of registries. */
export interface Exchange {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | ByteStream | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly patience: Patience;
  /** Told, as a sentence, when the other side keeps us waiting. */
  readonly tell?: ((message: string) => void) | undefined;
}

/** What came back. Its body is to be drained or discarded, else the connection stays occupied. */
export interface Answer {
  readonly url: URL;
  readonly status: number;
  /** The first value of a header; its name in lower case. */
  header(name: string): string | undefined;
  headers(name: string): readonly string[];
  /** As it came: no content coding is undone. */
  readonly body: ByteStream;
  discard(): Promise<void>;
}

/** A registry's header is some kilobytes; a larger one is not read. */
const headerLimit = 64 * 1024;

/** Bytes that are read of a body that is not needed, to keep the connection; of a larger one the connection is closed. */
const discardLimit = 128 * 1024;

/** What is read of a body before it is asked for: TLS brings 16 KiB at a time, and larger chunks cost less each. */
const readAhead = 256 * 1024;

const poolOptions = { allowH2: false, maxHeaderSize: headerLimit, keepAliveTimeout: 15_000 };

/** A registry, and how it is reached. */
export interface ConnectionOptions {
  /** As it stands in references: `docker.io`, `localhost:5000`. */
  readonly host: string;
  readonly settings: HostSettings;
  /** Whether registries.conf says of another host, `name:port`, that TLS need not be verified there. DENIED when it is blocked. */
  readonly insecureAt: (host: string) => boolean;
}

/** How an origin is reached. */
interface Route {
  readonly dispatcher: Dispatcher;
  /** For plain HTTP: the proxy is sent the whole URL, and who we are. Undefined: directly, or through a tunnel. */
  readonly proxy: URL | undefined;
}

/**
 * The connections of one registry client: kept alive, by origin. The registry itself is reached as its settings say; any
 * other place, be it another port of the same host, only as the registry's own address class permits and, where it speaks
 * TLS, with TLS verified. The class is that of the very address that is connected to, so that a name cannot mean one thing
 * when checked and another when used.
 */
export class Connections implements AsyncDisposable {
  readonly #hostname: string;
  readonly #own: ReadonlySet<string>;
  readonly #place: ConnectionOptions;
  readonly #environment: Environment;
  readonly #connectTimeout: number;
  readonly #routes = new Map<string, Promise<Route>>();
  readonly #seen = new Set<AddressClass>();
  readonly #answered = new Set<string>();

  constructor(place: ConnectionOptions, environment: Environment, connectTimeout: number) {
    const host = apiHost(place.host);
    this.#hostname = new URL(`https://${host}`).hostname;
    this.#own = ownOrigins(host, place.settings);
    this.#place = place;
    this.#environment = environment;
    this.#connectTimeout = connectTimeout;
  }

  /** What kind of address the registry has been reached at so far; `public` when it is not known. */
  get addressClass(): AddressClass {
    const literal = literalAddress(this.#hostname);
    const classes = literal === undefined ? [...this.#seen] : [this.#environment.classify(literal)];
    if (classes.length === 0 || classes.includes("public") || classes.includes("forbidden")) return "public";
    return classes.includes("private") ? "private" : "loopback";
  }

  /** UNAVAILABLE, retryable where that may help, when no answer begins; ABORTED. */
  async send(exchange: Exchange): Promise<Answer> {
    const { url, signal } = exchange;
    signal?.throwIfAborted();
    const { dispatcher, proxy } = await this.#routeTo(url);
    const host = (proxy ?? url).host;
    const watch = new StallWatch({
      ...exchange.patience,
      host,
      tell: exchange.tell ?? (() => undefined),
      outer: signal,
    });
    try {
      const response = await dispatcher.request({
        path: proxy ? url.href : url.pathname + url.search,
        method: exchange.method,
        headers: { ...exchange.headers, ...(proxy && { host: url.host, ...proxyAuthorization(proxy) }) },
        body: exchange.body === undefined ? null : asBody(exchange.body, watch),
        signal: watch.signal,
        headersTimeout: 0, // undici's own count the time, not the bytes, and ours as well as theirs.
        bodyTimeout: 0,
        highWaterMark: readAhead,
      });
      this.#answered.add(url.origin);
      return asAnswer(response, url, watch);
    } catch (error) {
      watch[Symbol.dispose]();
      const answered = this.#answered.has(url.origin);
      throw networkFailure(error, { url: proxy ?? url, proxy: proxy !== undefined, signal: watch.signal, answered });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.allSettled(this.#routes.values());
    this.#routes.clear();
    await Promise.all(
      opened.map((result) => (result.status === "fulfilled" ? result.value.dispatcher.destroy() : undefined)),
    );
  }

  #routeTo(url: URL): Promise<Route> {
    const known = this.#routes.get(url.origin);
    if (known !== undefined) return known;
    const opening = this.#open(url);
    this.#routes.set(url.origin, opening);
    opening.catch(() => this.#routes.delete(url.origin));
    return opening;
  }

  async #open(url: URL): Promise<Route> {
    const own = this.#own.has(url.origin);
    const proxy = proxyFor(url, this.#environment.variables);
    const timeout = this.#connectTimeout;
    if (proxy && url.protocol === "http:") {
      const dispatcher = new Pool(proxy.origin, { ...poolOptions, connect: { timeout, onread: socketReadBuffer } });
      return { dispatcher, proxy };
    }
    const tls = tlsOptions(await this.#trustFor(url, own), url);
    const connect = proxy
      ? tunnelling(proxy, buildConnector({ ...tls, timeout }), timeout)
      : { ...tls, lookup: this.#lookup(own ? undefined : url.host), timeout, onread: socketReadBuffer };
    return { dispatcher: new Pool(url.origin, { ...poolOptions, connect }), proxy: undefined };
  }

  async #trustFor(url: URL, own: boolean): Promise<Trust> {
    const { settings, insecureAt } = this.#place;
    if (own) return await readTrust(url.host, settings, this.#environment);
    const { certificateAuthority } = settings;
    return await readTrust(url.host, { certificateAuthority, verifyTls: !insecureAt(url.host) }, this.#environment);
  }

  /** `sentTo`: the address that a server has named. */
  #lookup(sentTo: string | undefined): LookupFunction {
    return (hostname, options, callback) => {
      this.#resolve(hostname, sentTo).then(
        (found) =>
          options.all ? callback(null, [...found]) : callback(null, found[0]?.address ?? "", found[0]?.family),
        (error) => callback(error, []),
      );
    };
  }

  async #resolve(hostname: string, sentTo: string | undefined) {
    const found = await this.#environment.resolve(hostname);
    const classes = found.map(({ address }) => this.#environment.classify(address));
    if (sentTo !== undefined && classes.some((kind) => !mayReach(this.addressClass, kind))) {
      throw new OciEncError(
        "UNAVAILABLE",
        `the registry sends us to ${JSON.stringify(sentTo)}, which has an internal address`,
      );
    }
    if (sentTo === undefined) for (const kind of classes) this.#seen.add(kind);
    return found;
  }
}

interface TlsOptions {
  readonly rejectUnauthorized?: boolean;
  readonly secureContext?: ReturnType<typeof createSecureContext>;
}

function tlsOptions(trust: Trust, url: URL): TlsOptions {
  if (url.protocol !== "https:") return {};
  const rejectUnauthorized = trust.verify;
  if (!trust.authorities && !trust.certificate && !trust.key) return { rejectUnauthorized };
  try {
    const secureContext = createSecureContext({
      ...(trust.authorities ? { ca: [...trust.authorities] } : {}),
      ...(trust.certificate ? { cert: trust.certificate } : {}),
      ...(trust.key ? { key: trust.key } : {}),
    });
    return { rejectUnauthorized, secureContext };
  } catch (cause) {
    throw new OciEncError("KEY_INVALID", `the certificates or the key for ${JSON.stringify(url.host)} cannot be read`, {
      cause,
    });
  }
}

/** TLS with the far end, inside the proxy's tunnel. */
function tunnelling(proxy: URL, connector: buildConnector.connector, timeout: number): buildConnector.connector {
  return (options, callback) => {
    // undici takes the brackets off an address.
    const host = isIPv6(options.hostname) ? `[${options.hostname}]` : options.hostname;
    const authority = `${host}:${options.port || 443}`;
    openTunnel({ proxy, authority, timeout }).then(
      (httpSocket) => connector({ ...options, httpSocket }, callback),
      (error) => callback(error, null),
    );
  };
}

/** undici pulls no faster than the socket takes; one chunk is read ahead. */
function asBody(body: Uint8Array | ByteStream, watch: StallWatch): Uint8Array | Readable {
  if (body instanceof Uint8Array) return body;
  return Readable.from(sending(body, watch), { objectMode: false, highWaterMark: 64 * 1024 });
}

/** That a piece is asked for shows that those before it went out. While we wait for the body to be produced, no time counts. */
async function* sending(body: ByteStream, watch: StallWatch): AsyncGenerator<Uint8Array> {
  watch.expectData();
  watch.rest();
  for await (const chunk of body) {
    watch.resume();
    for (let at = 0; at < chunk.length; at += pieceSize) {
      const piece = chunk.subarray(at, at + pieceSize);
      yield piece;
      watch.moved(piece.length);
    }
    watch.rest();
  }
  watch.expectAnswer();
}

function asAnswer(response: Dispatcher.ResponseData, url: URL, watch: StallWatch): Answer {
  watch.rest(); // Until the body is asked for.
  const headers = (name: string) => {
    const value = response.headers[name];
    return value === undefined ? [] : Array.isArray(value) ? value : [value];
  };
  return {
    url,
    status: response.statusCode,
    header: (name) => headers(name)[0],
    headers,
    body: reading(response.body, url, watch),
    async discard() {
      watch.expectData();
      // What is thrown away may also break: the next request opens another connection.
      await response.body.dump({ limit: discardLimit }).catch(() => undefined);
      watch[Symbol.dispose]();
    },
  };
}

/** Each chunk is what has come by then: between two of them the network gets a turn to bring more than one packet. */
async function* reading(body: AsyncIterable<Uint8Array>, url: URL, watch: StallWatch): AsyncGenerator<Uint8Array> {
  try {
    watch.expectData();
    for await (const chunk of body) {
      watch.moved(chunk.length);
      watch.rest();
      for (let at = 0; at < chunk.length; at += chunkSize) yield chunk.subarray(at, at + chunkSize);
      await nextTurn();
      watch.resume();
    }
  } catch (error) {
    throw networkFailure(error, { url, signal: watch.signal, answered: true });
  } finally {
    watch[Symbol.dispose]();
  }
}
