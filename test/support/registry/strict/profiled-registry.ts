import { reply, replyProblem, type ServerExchange } from "../request-log.js";
import { startServer } from "../scripted-server.js";
import type { RegistryProfile } from "./registry-profiles.js";
import { type StrictRegistry, startStrictRegistry } from "./strict-registry.js";

/** The strict registry with the habits of a product, and its object store beside it. */
export async function startProfiled(profile: RegistryProfile): Promise<StrictRegistry> {
  const registry = await startStrictRegistry(profile.options);
  const store = await startServer((exchange) => answerFromStore(exchange, registry), { hostname: "localhost" });
  for (const { when, answer } of profile.habits) {
    registry.inject(when, async (exchange) => await answer(exchange, store.origin), Number.POSITIVE_INFINITY);
  }
  return {
    ...registry,
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** Signed URLs are all the authorization that an object store takes: with a header it knows two, and refuses. */
function answerFromStore(exchange: ServerExchange, registry: StrictRegistry): undefined {
  if (exchange.request.headers.authorization !== undefined) {
    return reply(exchange, 400, { "content-type": "application/xml" }, "<Error><Code>InvalidArgument</Code></Error>");
  }
  const [, name = "", kind = "", reference = ""] =
    /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(exchange.url.pathname) ?? [];
  const stored = registry.repository(name);
  if (kind === "blobs") {
    const bytes = stored.blobs.get(reference);
    return bytes ? reply(exchange, 200, {}, bytes) : reply(exchange, 404, {}, "<Error><Code>NoSuchKey</Code></Error>");
  }
  const manifest = stored.manifests.get(stored.tags.get(reference) ?? reference);
  if (!manifest) return replyProblem(exchange, 404, "MANIFEST_UNKNOWN");
  reply(exchange, 200, { "content-type": manifest.type }, manifest.bytes);
}
