import { type IncomingHttpHeaders, request } from "node:http";
import type { ServerExchange } from "./request-log.js";

/** What a proxy changes of a request that it passes on. */
export interface PassOnOptions {
  /** The request's body, where it has been read already. */
  readonly body?: Uint8Array;
  /** Headers to add to the answer, of which this is told before it goes back. */
  answered?(status: number, headers: IncomingHttpHeaders): Readonly<Record<string, string>>;
}

/**
 * Passes a request on to a server of this machine, and its answer back. The `Host` stays, so that the places that the
 * server names in its answers are the proxy's.
 */
export async function passOn(exchange: ServerExchange, host: string, options: PassOnOptions = {}): Promise<void> {
  const { request: incoming, response, record } = exchange;
  const { method, path, headers } = record;
  await new Promise<void>((resolve, reject) => {
    const outgoing = request(`http://${host}${path}`, { method, headers }, (answer) => {
      const status = answer.statusCode ?? 500;
      response.writeHead(status, { ...answer.headers, ...options.answered?.(status, answer.headers) });
      answer.pipe(response);
      answer.on("error", reject).on("end", resolve);
    });
    outgoing.on("error", reject);
    if (options.body) outgoing.end(options.body);
    else incoming.pipe(outgoing);
  });
}
