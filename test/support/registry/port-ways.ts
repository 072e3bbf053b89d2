import { TLSSocket } from "node:tls";
import { listReferrers } from "../../../src/transport/registry/attachments/list-referrers.js";
import { listTagsOf } from "../../../src/transport/registry/list-tags.js";
import { locate, openClient, registryContext } from "../../../src/transport/registry/open-client.js";
import { type HostedImage, randomImage } from "./hosted-image.js";
import { type EndOptions, openFrom, pullAll, pushAll, readWhole } from "./registry-ends.js";
import { reply, type ServerExchange } from "./request-log.js";
import type { TestServer } from "./scripted-server.js";
import { on, type StrictRegistry } from "./strict/strict-registry.js";

/** Who one is at the registry. */
export const alice = { kind: "password", username: "alice", password: "s3cret" } as const;
const basic = `Basic ${Buffer.from("alice:s3cret").toString("base64")}`;

/** What a server has been shown, request by request. */
export interface Shown {
  readonly certificates: boolean[];
  readonly credentials: boolean[];
}

/** The registry, the other port, and what is hosted. */
export interface Scene {
  readonly registry: StrictRegistry;
  readonly other: TestServer;
  readonly image: HostedImage;
  readonly options: EndOptions;
  readonly registrySaw: Shown;
}

/** One way to another port: what the registry says, and what makes it say so. */
export interface Way {
  send(scene: Scene): void;
  /** Whether it is not followed to another port at all. */
  readonly closed?: boolean;
  go(scene: Scene): Promise<unknown>;
}

/** All of them, by name. */
export const ways: Readonly<Record<string, Way>> = {
  "the redirect of a manifest": {
    send: (scene) => redirect(scene, /manifests\//),
    go: ({ registry, options }) => pullAll(registry.host, options),
  },
  "the redirect of a blob": {
    send: (scene) => redirect(scene, /blobs\//),
    async go({ registry, image, options }) {
      await using source = await openFrom(registry.host, options);
      await source.resolve();
      for (const layer of image.layers) await readWhole(source, layer);
    },
  },
  "the location of an upload": {
    send: (scene) =>
      say(scene, on("POST", /blobs\/uploads/), { status: 202, headers: { location: `${scene.other.origin}/upload` } }),
    go: ({ registry, options }) => pushAll(randomImage().place, registry.host, options, "new:1"),
  },
  "the realm of a token": {
    send: (scene) =>
      say(scene, on("GET", /manifests/), {
        status: 401,
        headers: { "www-authenticate": `Bearer realm="${scene.other.origin}/token"` },
      }),
    go: ({ registry, options }) => pullAll(registry.host, options),
  },
  "the next page of tags": {
    send: (scene) => nextPage(scene, /tags\/list/, '{"name":"app","tags":["1"]}'),
    closed: true,
    go: (scene) => asked(scene, listTagsOf),
  },
  "the next page of referrers": {
    send: (scene) => nextPage(scene, /referrers\//, '{"schemaVersion":2,"manifests":[]}'),
    closed: true,
    go: (scene) => asked(scene, (to) => listReferrers(to, scene.image.root.digest)),
  },
};

/** A server has seen nothing yet. */
export function nothing(): Shown {
  return { certificates: [], credentials: [] };
}

/** Notes what one request has shown. */
export function note({ request }: ServerExchange, { certificates, credentials }: Shown): void {
  const { socket } = request;
  certificates.push(socket instanceof TLSSocket && Object.keys(socket.getPeerCertificate()).length > 0);
  credentials.push(request.headers.authorization === basic);
}

/** Of every request that nothing else has been injected for. */
export function noteAll(registry: StrictRegistry, saw: Shown): void {
  registry.inject(
    () => true,
    (exchange, proceed) => {
      note(exchange, saw);
      return proceed();
    },
    Number.POSITIVE_INFINITY,
  );
}

interface Said {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Answers the first request that matches. */
function say({ registry, registrySaw }: Scene, match: ReturnType<typeof on>, { status, headers, body }: Said): void {
  registry.inject(match, (exchange) => {
    note(exchange, registrySaw);
    reply(exchange, status, headers, body);
  });
}

function redirect(scene: Scene, path: RegExp): void {
  say(scene, on("GET", path), { status: 307, headers: { location: `${scene.other.origin}/elsewhere` } });
}

function nextPage(scene: Scene, path: RegExp, body: string): void {
  const type = "application/vnd.oci.image.index.v1+json";
  const headers = { "content-type": type, link: `<${scene.other.origin}/next>; rel="next"` };
  say(scene, on("GET", path), { status: 200, headers, body });
}

/** Asks the registry as a command does that needs no image. */
async function asked<T>(
  { registry, options }: Scene,
  ask: (to: ReturnType<typeof openClient>) => Promise<T>,
): Promise<T> {
  const { environment, ...others } = options;
  const around = registryContext(environment);
  const { primary } = await locate(`${registry.host}/app:1`, others, around);
  await using to = openClient(primary, true, others, around);
  return await ask(to);
}
