import { passOn } from "./pass-on.js";
import { readBody, reply, replyProblem } from "./request-log.js";
import { startServer, type TestServer } from "./scripted-server.js";

/** A registry that announces X-Registry-Supports-Signatures, and what it keeps. */
export interface SignaturesShim extends TestServer {
  /** The entries of a manifest, as they were put: by `REPOSITORY DIGEST`. Tests may add others. */
  readonly kept: Map<string, object[]>;
}

/** OpenShift's extension for simple signatures in front of a registry that has none. */
export async function startSignaturesShim(host: string): Promise<SignaturesShim> {
  const kept = new Map<string, object[]>();
  const announced = { "x-registry-supports-signatures": "1" };
  const server = await startServer(async (exchange) => {
    const { method } = exchange.record;
    const [, repository, digest] = /^\/extensions\/v2\/(.+)\/signatures\/([^/]+)$/.exec(exchange.url.pathname) ?? [];
    if (repository === undefined) return await passOn(exchange, host, { answered: () => announced });
    const key = `${repository} ${digest}`;
    const signatures = kept.get(key) ?? [];
    if (method === "GET") {
      return reply(exchange, 200, { "content-type": "application/json" }, JSON.stringify({ signatures }));
    }
    if (method !== "PUT") return replyProblem(exchange, 405, "UNSUPPORTED");
    const entry = readEntry(await readBody(exchange));
    if (signatures.some((other) => "name" in other && other.name === entry.name)) {
      return replyProblem(exchange, 409, "SIGNATURE_EXISTS");
    }
    if (!entry.name.startsWith(`${digest}@`)) return replyProblem(exchange, 400, "SIGNATURE_INVALID");
    kept.set(key, [...signatures, entry]);
    reply(exchange, 201);
  });
  return { ...server, kept };
}

function readEntry(body: Buffer): { readonly name: string } {
  const entry: { readonly name: string } = JSON.parse(body.toString("utf8"));
  return entry;
}
