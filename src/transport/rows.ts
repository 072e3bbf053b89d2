import { daemonScopes, nameScopes, noScopes, pathScopes } from "./scopes-of-image.js";
import type { PolicyScopes, TransportRow } from "./transport.js";

/** The prefix of an image in a registry. */
export const registryPrefix = "docker://";

const files = { named: false, remote: false } as const;
const keepsAll = { encrypted: true, attachments: true } as const;

/**
 * Every transport, in the order in which help names them. Nothing of one is loaded before a reference to it is opened.
 * Their names and scopes in `policy.json`: containers-policy.json(5), "Supported transports and their scopes".
 */
export const transportRows: readonly TransportRow[] = [
  {
    ...keepsAll,
    prefixes: [],
    title: "a name in the local store",
    form: "NAME[:TAG][@DIGEST]",
    named: true,
    remote: false,
    streams: false,
    policy: { name: "oci", scopes: pathScopes },
    load: async () => (await import("./store/transport.js")).store,
  },
  {
    ...keepsAll,
    prefixes: [registryPrefix],
    title: "docker://",
    form: "docker://HOST/REPOSITORY[:TAG][@DIGEST]",
    named: true,
    remote: true,
    streams: false,
    policy: { name: "docker", scopes: nameScopes },
    load: async () => (await import("./registry/transport.js")).registry,
  },
  {
    ...files,
    ...keepsAll,
    prefixes: ["oci:", "ocidir://"],
    title: "oci:",
    form: "oci:DIRECTORY[:NAME][@DIGEST]",
    marks: { kind: "directory", files: ["oci-layout"] },
    streams: false,
    policy: { name: "oci", scopes: pathScopes },
    load: async () => (await import("./layout/transport.js")).layout,
  },
  {
    ...files,
    ...keepsAll,
    prefixes: ["oci-archive:"],
    title: "oci-archive:",
    form: "oci-archive:FILE[:NAME][@DIGEST]",
    marks: { kind: "archive", files: ["oci-layout", "index.json"] },
    streams: true,
    policy: { name: "oci-archive", scopes: pathScopes },
    load: async () => (await import("./archive/transport.js")).archive,
  },
  {
    ...files,
    prefixes: ["docker-archive:"],
    title: "docker-archive:",
    form: "docker-archive:FILE[:NAME[:TAG]]",
    marks: { kind: "archive", files: ["manifest.json"] },
    streams: true,
    encrypted: false,
    attachments: false,
    policy: { name: "docker-archive", scopes: noScopes },
    load: async () => (await import("./docker-archive/transport.js")).dockerArchive,
  },
  {
    ...files,
    ...keepsAll,
    prefixes: ["dir:"],
    title: "dir:",
    form: "dir:DIRECTORY",
    marks: { kind: "directory", files: ["version", "manifest.json"] },
    streams: false,
    policy: { name: "dir", scopes: pathScopes },
    load: async () => (await import("./dir/transport.js")).dir,
  },
];

/**
 * Other tools' transports, which could be taken for the name of an image and its tag. Where containers-policy.json(5) says
 * what their scopes are, a `policy.json` is held to it; undefined: any text is a scope.
 */
export const foreignTransports: ReadonlyMap<string, PolicyScopes | undefined> = new Map([
  ["docker-daemon", daemonScopes],
  ["tarball", noScopes],
  ["sif", pathScopes],
  ["atomic", undefined],
  ["containers-storage", undefined],
  ["ostree", undefined],
]);
