import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type RequestRecord, recordRequest, type ServerExchange } from "./request-log.js";

/** A server on this machine, and what it has been asked. */
export interface TestServer extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly origin: string;
  readonly log: readonly RequestRecord[];
}

/** How a test server listens. */
export interface TestServerOptions {
  readonly tls?: ServerOptions | undefined;
  /** Default 127.0.0.1. */
  readonly address?: string | undefined;
  /** In place of the address in `host` and `origin`. */
  readonly hostname?: string | undefined;
}

/** Answers each request by `answer`. A failing `answer` cuts the connection. */
export async function startServer(
  answer: (exchange: ServerExchange) => Promise<void> | void,
  options: TestServerOptions = {},
): Promise<TestServer> {
  const log: RequestRecord[] = [];
  const sockets = new Set<Socket>();
  const listener: RequestListener = (request, response) => {
    const record = recordRequest(request, response);
    log.push(record);
    const url = new URL(request.url ?? "/", "http://registry.test");
    Promise.resolve()
      .then(() => answer({ request, response, record, url }))
      .catch(() => request.socket.destroy());
  };
  const server: Server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, options.address ?? "127.0.0.1", resolve);
  });
  const address = server.address();
  const host = `${options.hostname ?? options.address ?? "127.0.0.1"}:${portOf(address)}`;
  return {
    host,
    origin: `${options.tls ? "https" : "http"}://${host}`,
    log,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One expected request and its answer. */
export interface ScriptStep {
  /** `GET /v2/app/manifests/1`; the query belongs to it. */
  readonly expect: string;
  answer(exchange: ServerExchange): Promise<void> | void;
}

/** A server that expects these requests, in this order, and no others; `assertDone` throws when it was otherwise. */
export interface ScriptedServer extends TestServer {
  assertDone(): void;
}

/** Starts a server that follows a script. A request that is not the next one gets 599, and is held against it. */
export async function startScript(
  steps: readonly ScriptStep[],
  options: TestServerOptions = {},
): Promise<ScriptedServer> {
  const surprises: string[] = [];
  let next = 0;
  const server = await startServer(async (exchange) => {
    const asked = `${exchange.record.method} ${exchange.record.path}`;
    const step = steps[next];
    if (step?.expect === asked) {
      next += 1;
      return await step.answer(exchange);
    }
    surprises.push(`${asked}, and not ${step?.expect ?? "another"}`);
    exchange.response.statusCode = 599;
    exchange.response.end();
  }, options);
  return {
    ...server,
    assertDone() {
      if (surprises.length > 0) throw new Error(`the script was left: ${surprises.join("; ")}`);
      if (next < steps.length) throw new Error(`the script ended before ${steps[next]?.expect}`);
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}
