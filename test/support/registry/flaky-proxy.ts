import { request } from "node:http";
import { randomNumbers } from "../random-numbers.js";
import { type RequestRecord, replyProblem, type ServerExchange } from "./request-log.js";
import { startServer, type TestServer } from "./scripted-server.js";

/** How badly a proxy behaves. Shares are of all requests, from 0 to 1. */
export interface FlakyOptions {
  /** From which everything random comes. */
  readonly seed: number;
  /** Requests let through a second; the others get 429 and `Retry-After: 1`. */
  readonly perSecond: number;
  /** Answered with 502 in the registry's place. */
  readonly failing: number;
  /** Cut at a random byte of the request's body, of the answer, or before either. */
  readonly cutting: number;
}

/** A proxy in front of a registry, and what it has done to its clients. */
export interface FlakyProxy extends TestServer {
  readonly done: { limited: number; failed: number; cut: number };
}

/** Starts one in front of `host`. */
export async function startFlakyProxy(host: string, options: FlakyOptions): Promise<FlakyProxy> {
  const done = { limited: 0, failed: 0, cut: 0 };
  const random = randomNumbers(options.seed);
  const admit = rateLimit(options.perSecond);
  const server = await startServer((exchange) => {
    exchange.request.on("error", () => exchange.response.destroy());
    const dice = random();
    if (!admit()) {
      done.limited += 1;
      return refuse(exchange, 429, { "retry-after": "1" });
    }
    if (dice < options.failing) {
      done.failed += 1;
      return refuse(exchange, 502);
    }
    const cuts = dice < options.failing + options.cutting;
    if (cuts) done.cut += 1;
    passOn(exchange, host, cuts ? cutAt(random(), exchange.record) : Number.POSITIVE_INFINITY);
  });
  return { ...server, done };
}

/** Lets so many through in each second, and no more at its beginning than at its end. */
function rateLimit(perSecond: number): () => boolean {
  const admitted: number[] = [];
  return () => {
    const now = performance.now();
    while (admitted[0] !== undefined && admitted[0] <= now - 1000) admitted.shift();
    if (admitted.length >= perSecond) return false;
    admitted.push(now);
    return true;
  };
}

/** Which byte, of those that go up and come down, is the last. */
function cutAt(share: number, { headers }: RequestRecord): number {
  return Math.floor(share * Math.max(Number(headers["content-length"] ?? 0), 20_000));
}

/** The body is read to its end, or a client that still writes would take the answer for a broken line. */
function refuse(exchange: ServerExchange, status: number, headers: Readonly<Record<string, string>> = {}): void {
  exchange.request.resume();
  exchange.request.on("end", () => replyProblem(exchange, status, "TOOMANYREQUESTS", headers));
}

/** Passes both bodies on, and destroys both connections after so many bytes, or in place of an answer that has fewer. */
function passOn({ request: incoming, response, record }: ServerExchange, host: string, last: number): void {
  let passed = 0;
  const { method, path, headers } = record;
  const outgoing = request(`http://${host}${path}`, { method, headers: { ...headers, host } });
  const cut = () => {
    outgoing.destroy();
    incoming.socket.destroy();
  };
  const count = (chunk: Buffer) => {
    passed += chunk.length;
    if (passed > last) cut();
  };
  incoming.on("data", count).pipe(outgoing);
  response.on("close", () => outgoing.destroy());
  outgoing.on("error", cut).on("response", (answer) => {
    const { statusCode = 500, headers: answered } = answer;
    const isShort = passed + Number(answered["content-length"] ?? 0) <= last;
    if (last !== Number.POSITIVE_INFINITY && (isShort || method === "HEAD")) return cut();
    response.writeHead(statusCode, answered);
    answer.on("error", cut).on("data", count).pipe(response);
  });
}
