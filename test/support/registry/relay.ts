import { request } from "node:http";
import { startServer, type TestServer } from "./scripted-server.js";

/** Passes requests on to another server of this machine, and notes them. */
export interface Relay extends TestServer {
  /** From the next request on, answers to paths that match stop after so many bytes, and say no more. */
  stall(path: RegExp, after: number): void;
  /** Lets every answer through. */
  heal(): void;
}

/** Starts one in front of `host`. */
export async function startRelay(host: string): Promise<Relay> {
  let stalled: { readonly path: RegExp; readonly after: number } | undefined;
  const server = await startServer(({ request: incoming, response, record }) => {
    const { method, path, headers } = record;
    const limit = stalled?.path.test(path) && method === "GET" ? stalled.after : Number.POSITIVE_INFINITY;
    const outgoing = request(`http://${host}${path}`, { method, headers: { ...headers, host } }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      let passed = 0;
      answer.on("data", (chunk: Buffer) => {
        response.write(chunk.subarray(0, Math.max(0, limit - passed)));
        passed += chunk.length;
      });
      answer.on("end", () => passed <= limit && response.end());
    });
    outgoing.on("error", () => response.destroy());
    incoming.pipe(outgoing);
  });
  return {
    ...server,
    stall(path, after) {
      stalled = { path, after };
    },
    heal() {
      stalled = undefined;
    },
  };
}
