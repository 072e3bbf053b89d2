import { basename, join } from "node:path";
import { after } from "node:test";
import type { EndpointOptions } from "../../src/transport/transport.js";
import { noDockerRegistry, startDockerRegistry } from "../support/registry/docker-registry.js";
import { startStrictRegistry } from "../support/registry/strict/strict-registry.js";

/** What the contract suite needs to know of a transport. */
export interface TransportRow {
  readonly name: string;
  /** A reference to an image of this name, in a scratch directory of the test. Its file or directory does not exist yet. */
  reference(directory: string, image: string): string;
  readonly options: (directory: string) => EndpointOptions;
  /** Whether it keeps indexes, and not single images only. */
  readonly indexes: boolean;
  /** Whether what is read are files of this machine, open only while they are read. */
  readonly files: boolean;
  /** Whether one place holds several images, so that a reference can move. */
  readonly several: boolean;
  /** What belongs to an image and is kept with it: `all`, or not everything. */
  readonly attachments?: "all";
  /** Paths that may stay after a failure: what a later try goes on with. Default: nothing stays. */
  readonly keeps?: RegExp;
}

/** A registry for the suite, gone after it; each directory of a test is a repository of its own. */
async function registryRow(name: string, start: () => Promise<RunningRegistry>): Promise<TransportRow> {
  const server = await start();
  after(() => server[Symbol.asyncDispose]());
  return {
    name,
    reference: (directory, image) => `docker://${server.host}/${basename(directory).toLowerCase()}/${image}:1`,
    options: () => ({ registry: { retryTimes: 0 } }),
    indexes: true,
    files: false,
    several: true,
  };
}

interface RunningRegistry extends AsyncDisposable {
  readonly host: string;
}

const registryRows: readonly TransportRow[] = [
  await registryRow("docker (strict)", () => startStrictRegistry()),
  ...(noDockerRegistry ? [] : [await registryRow("docker (docker-registry)", () => startDockerRegistry("open"))]),
];

/** Every transport that both reads and writes. A new one gets a row here, and all of the suite. */
export const transportRows: readonly TransportRow[] = [
  ...registryRows,
  {
    name: "oci",
    attachments: "all",
    reference: (directory, image) => `oci:${join(directory, "layout")}:${image}`,
    options: () => ({}),
    indexes: true,
    files: true,
    several: true,
  },
  {
    name: "store",
    attachments: "all",
    reference: (_directory, image) => image,
    options: (directory) => ({ store: join(directory, "store") }),
    indexes: true,
    files: true,
    several: true,
    keeps: /^store(\/\.oci-enc(\/ingest(\/sha256-[0-9a-f]{64})?)?)? /,
  },
  {
    name: "oci-archive",
    attachments: "all",
    reference: (directory, image) => `oci-archive:${join(directory, "image.tar")}:${image}`,
    options: () => ({}),
    indexes: true,
    files: true,
    several: false,
  },
  {
    name: "docker-archive",
    reference: (directory, image) => `docker-archive:${join(directory, "image.tar")}:${image}`,
    options: () => ({}),
    indexes: false,
    files: true,
    several: false,
  },
  {
    name: "dir",
    reference: (directory) => `dir:${join(directory, "image")}`,
    options: () => ({}),
    indexes: true,
    files: true,
    several: false,
  },
];
