import type { Credentials } from "../../../../src/transport/registry-options.js";
import { reply, replyProblem, type ServerExchange } from "../request-log.js";
import type { StrictOptions } from "./registry-state.js";
import { on } from "./strict-registry.js";

/** What is known of one product's answers, as far as they differ from the letter of the specification. */
export interface RegistryProfile {
  readonly product: string;
  /** Where it is written down. Some of it has changed since; the versions that do so are still about. */
  readonly sources: readonly string[];
  readonly options?: StrictOptions;
  readonly credentials?: Credentials;
  /** Requests that it answers in its own way; the first that fits counts. */
  readonly habits: readonly Habit[];
  /** How it refuses to let a tag name anything else; undefined: it has no such rule. */
  readonly keepsTag?: Answer;
  /** Does not say what refers to an image, to anybody. */
  readonly isSilent?: true;
  /** Nothing can be written there. */
  readonly isReadOnly?: true;
}

/** A kind of request, and the answer to it. */
export interface Habit {
  readonly when: ReturnType<typeof on>;
  readonly answer: Answer;
}

/** `store`: where its object store listens, which is another host, and refuses whoever shows credentials. */
export type Answer = (exchange: ServerExchange, store: string) => Promise<undefined> | undefined;

const refused = (status: number, code: string, message: string, detail?: unknown): Answer => {
  const body = JSON.stringify({ errors: [{ code, message, detail }] });
  return async (exchange) => {
    await drained(exchange);
    reply(exchange, status, { "content-type": "application/json" }, body);
  };
};
const page = (status: number): Answer => {
  const type = { "content-type": "text/html; charset=utf-8" };
  return (exchange) => reply(exchange, status, type, "<!doctype html><title>no</title>");
};
const elsewhere: Answer = (exchange, store) => reply(exchange, 307, { location: `${store}${exchange.record.path}` });
const referrers = on("GET", /\/referrers\//);
const manifest = /\/manifests\//;
const blob = /\/blobs\/sha/;
const password = (username: string) => ({ kind: "password", username, password: "s3cret" }) as const;
const basic = (username: string) => ({ kind: "basic", username, password: "s3cret" }) as const;
const bearer = (username: string) => ({ kind: "bearer", username, password: "s3cret" }) as const;

/** Every product whose habits are known. One test goes through them: `registry-profiles.test.ts`. */
export const registryProfiles: readonly RegistryProfile[] = [
  {
    product: "Artifactory",
    sources: [
      "https://github.com/google/go-containerregistry/pull/2026",
      "https://github.com/GoogleContainerTools/kaniko/issues/1095",
      "https://github.com/odpi/egeria/issues/2879",
    ],
    options: { referrersApi: false, auth: bearer("ci") },
    credentials: password("ci"),
    habits: [{ when: referrers, answer: page(406) }],
    keepsTag: refused(403, "MANIFEST_INVALID", "manifest invalid", {
      description: "Not enough permissions to delete/overwrite artifact",
    }),
  },
  {
    product: "Amazon ECR",
    sources: [
      "https://github.com/sigstore/sigstore-js/pull/1183",
      "https://github.com/moby/buildkit/issues/3776",
      "https://github.com/bazel-contrib/rules_oci/issues/720",
    ],
    options: { referrersApi: false, saysSubject: true, mounts: false, auth: basic("AWS") },
    credentials: password("AWS"),
    habits: [{ when: on("HEAD", /\/manifests\/sha256-/), answer: page(400) }],
    keepsTag: refused(
      400,
      "TAG_INVALID",
      "The image tag '1' already exists in the 'app' repository and cannot be overwritten because the repository is immutable.",
    ),
  },
  {
    product: "Google Artifact Registry",
    sources: [
      "https://github.com/actions/attest-build-provenance/issues/80",
      "https://cloud.google.com/artifact-registry/docs/docker/authentication#json-key",
    ],
    options: { referrersApi: false, auth: bearer("_json_key") },
    credentials: password("_json_key"),
    habits: [{ when: on("POST", /^\/token/), answer: page(404) }],
    keepsTag: refused(400, "MANIFEST_INVALID", "cannot update tag 1, as the repository has immutable tags"),
  },
  {
    product: "Azure Container Registry",
    sources: [
      "https://github.com/Azure/acr-cli/issues/70",
      "https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md",
      "https://learn.microsoft.com/azure/container-registry/container-registry-dedicated-data-endpoints",
    ],
    options: { auth: { ...bearer("00000000-0000-0000-0000-000000000000"), identityToken: "refresh" } },
    credentials: { kind: "identity-token", token: "refresh" },
    habits: [{ when: on("GET", blob), answer: elsewhere }],
    keepsTag: refused(
      405,
      "REGISTRY_DISALLOWED_OPERATION",
      "The operation is disallowed on this registry, repository or image.",
    ),
  },
  {
    product: "Harbor 2.7",
    sources: ["https://github.com/goharbor/harbor/issues/18305", "https://github.com/goharbor/harbor/pull/9427"],
    options: { referrersApi: false, auth: bearer("robot$ci") },
    credentials: password("robot$ci"),
    habits: [{ when: referrers, answer: (exchange) => replyProblem(exchange, 401, "UNAUTHORIZED") }],
    isSilent: true,
    keepsTag: refused(412, "PRECONDITION", "Failed to process request due to 'app:1' configured as immutable."),
  },
  {
    product: "Harbor",
    sources: ["https://github.com/goharbor/harbor/issues/18305", "https://github.com/goharbor/harbor/pull/9427"],
    options: { pageSize: 2, auth: bearer("robot$ci") },
    credentials: password("robot$ci"),
    habits: [],
    keepsTag: refused(412, "PRECONDITION", "Failed to process request due to 'app:1' configured as immutable."),
  },
  {
    product: "Quay",
    sources: ["https://github.com/quay/quay/pull/3071", "https://docs.quay.io/api/"],
    options: { referrersApi: false, auth: bearer("team+robot") },
    credentials: password("team+robot"),
    habits: [
      { when: referrers, answer: refused(400, "MANIFEST_INVALID", "manifest invalid") },
      { when: on("GET", blob), answer: elsewhere },
    ],
    keepsTag: refused(409, "TAG_IMMUTABLE", "tag 1 is immutable"),
  },
  {
    product: "GHCR",
    sources: ["https://github.com/NVIDIA/aicr/issues/1957", "https://github.com/rtvkiz/minimal/issues/7"],
    options: { referrersApi: false, auth: bearer("somebody") },
    credentials: password("somebody"),
    habits: [
      { when: referrers, answer: refused(404, "MANIFEST_UNKNOWN", "manifest unknown") },
      { when: on("GET", blob), answer: elsewhere },
    ],
  },
  {
    product: "zot",
    sources: [
      "https://zotregistry.dev/latest/articles/authn-authz/",
      "https://zotregistry.dev/latest/general/features/",
    ],
    options: { pageSize: 1, auth: basic("ci"), anonymousMounts: true },
    credentials: password("ci"),
    habits: [],
  },
  {
    product: "Nexus",
    sources: [
      "https://github.com/GoogleContainerTools/jib/issues/3057",
      "https://github.com/GoogleContainerTools/jib/issues/2395",
      "https://help.sonatype.com/en/docker-authentication.html",
    ],
    options: { referrersApi: false, mounts: false, auth: bearer("ci") },
    credentials: password("ci"),
    habits: [{ when: referrers, answer: page(404) }],
    keepsTag: refused(
      400,
      "BLOB_UPLOAD_INVALID",
      "blob upload invalid",
      "Repository does not allow updating assets: docker",
    ),
  },
  {
    product: "registry.k8s.io",
    sources: [
      "https://github.com/kubernetes/registry.k8s.io/blob/main/cmd/archeio/internal/app/handlers.go",
      "https://github.com/kubernetes/registry.k8s.io/blob/main/cmd/archeio/docs/request-handling.md",
    ],
    options: { referrersApi: false },
    isReadOnly: true,
    habits: [
      ...["POST", "PUT", "PATCH", "DELETE"].map((method) => ({
        when: on(method, /./),
        answer: (exchange: ServerExchange) => reply(exchange, 405, {}, "Only GET and HEAD are allowed.\n"),
      })),
      ...["GET", "HEAD"].map((method) => ({
        when: on(method, /\/(?:manifests|blobs|referrers)\//),
        answer: elsewhere,
      })),
    ],
  },
  {
    product: "Docker Hub",
    sources: [
      "https://github.com/docker/hub-feedback/issues/2466",
      "https://github.com/docker/roadmap/issues/724",
      "https://docs.docker.com/docker-hub/usage/pulls/",
    ],
    options: { referrersApi: false, auth: bearer("somebody") },
    credentials: password("somebody"),
    habits: [
      { when: referrers, answer: page(404) },
      { when: on("GET", blob), answer: elsewhere },
    ],
    keepsTag: refused(
      403,
      "DENIED",
      "requested access to the resource is denied",
      "This tag is already assigned to an image in this repository and cannot be updated due to immutability settings.",
    ),
  },
  {
    product: "GitLab",
    sources: [
      "https://docs.gitlab.com/user/packages/container_registry/immutable_container_tags/",
      "https://gitlab.com/gitlab-org/container-registry/-/merge_requests/711",
    ],
    options: { referrersApi: false, auth: bearer("ci-token") },
    credentials: password("ci-token"),
    habits: [{ when: on("HEAD", manifest), answer: page(405) }],
    keepsTag: refused(403, "DENIED", "cannot overwrite an immutable tag"),
  },
];

async function drained({ request }: ServerExchange): Promise<void> {
  for await (const _ of request);
}
