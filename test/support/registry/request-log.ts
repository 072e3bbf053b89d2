import type { IncomingMessage, ServerResponse } from "node:http";

/** What a server was asked. */
export interface RequestRecord {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Filled in when the answer has been sent, or the connection lost. */
  status: number;
  /** Bytes of body that have arrived. */
  received: number;
}

/** One request being answered. */
export interface ServerExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: RequestRecord;
  readonly url: URL;
}

/** Notes a request, and what becomes of it. */
export function recordRequest(request: IncomingMessage, response: ServerResponse): RequestRecord {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
  const record = { method: request.method ?? "", path: request.url ?? "", headers, status: 0, received: 0 };
  response.on("close", () => {
    record.status = response.writableFinished ? response.statusCode : -1;
  });
  return record;
}

/** `GET /v2/app/manifests/1`, for comparisons. */
export function summary(records: readonly RequestRecord[]): readonly string[] {
  return records.map(({ method, path }) => `${method} ${path}`);
}

/** Answers with JSON or text. */
export function reply(
  { response }: ServerExchange,
  status: number,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
  body: string | Uint8Array = "",
): undefined {
  for (const [name, value] of Object.entries(headers))
    response.setHeader(name, typeof value === "string" ? value : [...value]);
  response.statusCode = status;
  if (!response.hasHeader("content-length") && !response.hasHeader("transfer-encoding")) {
    response.setHeader("content-length", Buffer.byteLength(body));
  }
  response.end(response.req.method === "HEAD" ? undefined : body);
}

/** A registry's error body. */
export function replyProblem(
  exchange: ServerExchange,
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): undefined {
  const body = JSON.stringify({ errors: [{ code, message: `the test registry says ${code}` }] });
  reply(exchange, status, { "content-type": "application/json", ...headers }, body);
}

/** A request's body whole. */
export async function readBody({ request, record }: ServerExchange): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of request) {
    parts.push(chunk);
    record.received += chunk.length;
  }
  return Buffer.concat(parts);
}

/** Goes on writing the same until the client has had enough. */
export async function pour({ response }: ServerExchange, chunk: Uint8Array): Promise<void> {
  while (!response.destroyed) {
    if (!response.writableNeedDrain) response.write(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
