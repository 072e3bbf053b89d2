import { type RequestRecord, readBody, replyProblem, type ServerExchange } from "../request-log.js";
import { startServer, type TestServer } from "../scripted-server.js";
import { type Access, authorize } from "./registry-auth.js";
import { type RegistryState, repositoryOf, type StoredRepository, type StrictOptions } from "./registry-state.js";
import { answerBlob, answerUpload } from "./strict-blobs.js";
import { answerManifest, answerReferrers, answerTags } from "./strict-manifests.js";

/** Answers in the registry's place, or lets it answer with `proceed`. */
export type Fault = (exchange: ServerExchange, proceed: () => Promise<void>) => Promise<void> | void;

/** A registry by the letter of distribution-spec 1.1, in memory, with faults on demand. */
export interface StrictRegistry extends TestServer {
  readonly state: RegistryState;
  repository(name: string): StoredRepository;
  /** Lets `fault` answer the next requests that match, as many as `times`. */
  inject(match: (record: RequestRecord) => boolean, fault: Fault, times?: number): void;
  /** Everything the registry was told to do wrong has happened. */
  assertFaultsUsed(): void;
}

/** Starts one. */
export async function startStrictRegistry(options: StrictOptions = {}): Promise<StrictRegistry> {
  const state: RegistryState = { options, repositories: new Map(), uploads: new Map() };
  const faults: { match: (record: RequestRecord) => boolean; fault: Fault; left: number }[] = [];
  const access: Access = { auth: options.auth, tokens: new Map() };
  const server = await startServer(async (exchange) => {
    const proceed = () => route(exchange, state, access);
    const due = faults.find(({ match, left }) => left > 0 && match(exchange.record));
    if (!due) return await proceed();
    due.left -= 1;
    await due.fault(exchange, proceed);
  }, options);
  return {
    ...server,
    state,
    repository: (name) => repositoryOf(state, name),
    inject(match, fault, times = 1) {
      faults.push({ match, fault, left: times });
    },
    assertFaultsUsed() {
      const unused = faults.filter(({ left }) => left > 0).length;
      if (unused > 0) throw new Error(`${unused} faults were never met`);
    },
  };
}

/** Matches a method and a pattern of the path. */
export function on(method: string, path: RegExp): (record: RequestRecord) => boolean {
  return (record) => record.method === method && path.test(record.path);
}

async function route(exchange: ServerExchange, state: RegistryState, access: Access): Promise<undefined> {
  const { url } = exchange;
  if (!(await authorize(exchange, access))) return;
  if (url.pathname === "/v2/" || url.pathname === "/v2") return replyEmpty(exchange);
  const match = /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests|tags|referrers)\/([^/]*)$/.exec(url.pathname);
  if (!match) return replyProblem(exchange, 404, "NAME_UNKNOWN");
  const [, repository = "", kind = "", name = ""] = match;
  const place = { state, repository, name };
  if (kind === "blobs/uploads") return await answerUpload(exchange, place);
  if (kind === "blobs") return answerBlob(exchange, place);
  if (kind === "manifests") return answerManifest(exchange, place, await readBody(exchange));
  if (kind === "tags") return answerTags(exchange, place);
  return answerReferrers(exchange, place);
}

function replyEmpty({ response }: ServerExchange): undefined {
  response.setHeader("docker-distribution-api-version", "registry/2.0");
  response.end("{}");
}
