import { readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { after } from "node:test";
import type { Digest } from "../../src/oci/digest.js";
import { transportRows } from "../../src/transport/index.js";
import type { EndpointOptions, TransportRow } from "../../src/transport/transport.js";
import { noDockerRegistry, startDockerRegistry } from "../support/registry/docker-registry.js";
import { type StrictRegistry, startStrictRegistry } from "../support/registry/strict/strict-registry.js";

/** A transport with a place to try it, and what the contract suite needs to know of that. */
export interface TransportCase extends TransportTrial {
  readonly name: string;
  readonly row: TransportRow;
}

interface TransportTrial {
  /** Where there are several places for one transport: which it is. */
  readonly of?: string;
  /** A reference to an image of this name, in a scratch directory of the test. Its file or directory does not exist yet. */
  reference(directory: string, image: string): string;
  readonly options: (directory: string) => EndpointOptions;
  /** Whether it keeps indexes, and not single images only. */
  readonly indexes: boolean;
  /** Whether one place holds several images, so that a reference can move. Else an image that exists is a conflict. */
  readonly several: boolean;
  /** Whether an image can be written in place of itself. */
  readonly inPlace: boolean;
  /** What belongs to an image and is kept with it: `all`, or not everything. */
  readonly attachments?: "all";
  /** Paths that may stay after a failure: what a later try goes on with. Default: nothing stays. */
  readonly keeps?: RegExp;
  /** The transport's name in `policy.json` and the first scopes of an image there, by containers-policy.json(5). */
  policy(directory: string, image: string): { readonly transport: string; readonly scopes: readonly string[] };
  /** Changes a byte of a blob where it is kept. Absent: the test cannot get there. */
  damage?(directory: string, blob: { readonly digest: Digest; readonly bytes: Uint8Array }): void;
}

/** A registry for the suite, gone after it; each directory of a test is a repository of its own. */
async function registryTrial<T extends RunningRegistry>(
  of: string,
  start: () => Promise<T>,
  damage?: (server: T, repository: string, digest: Digest) => void,
): Promise<TransportTrial> {
  const server = await start();
  after(() => server[Symbol.asyncDispose]());
  const repository = (directory: string, image: string) => `${basename(directory).toLowerCase()}/${image}`;
  return {
    of,
    reference: (directory, image) => `docker://${server.host}/${repository(directory, image)}:1`,
    options: () => ({ registry: { retryTimes: 0 } }),
    indexes: true,
    several: true,
    inPlace: true,
    policy: (directory, image) => {
      const name = `${server.host}/${repository(directory, image)}`;
      return { transport: "docker", scopes: [`${name}:1`, name, dirname(name), server.host] };
    },
    ...(damage && { damage: (directory, { digest }) => damage(server, repository(directory, "app"), digest) }),
  };
}

interface RunningRegistry extends AsyncDisposable {
  readonly host: string;
}

function damageInMemory(server: StrictRegistry, repository: string, digest: Digest): void {
  const bytes = server.repository(repository).blobs.get(digest);
  if (!bytes) throw new Error(`the registry does not have ${digest}`);
  bytes.writeUInt8(bytes.readUInt8(500) ^ 1, 500);
}

/** Finds the file that holds these bytes, alone or in an archive. */
function damageFile(directory: string, { bytes }: { readonly bytes: Uint8Array }): void {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const content = readFileSync(path);
    const at = content.indexOf(bytes);
    if (at < 0) continue;
    content.writeUInt8(content.readUInt8(at + 500) ^ 1, at + 500);
    writeFileSync(path, content);
    return;
  }
  throw new Error("no file holds the blob");
}

function pathPolicy(transport: string, name: string): TransportTrial["policy"] {
  return (directory) => {
    const real = realpathSync(directory);
    return { transport, scopes: [join(real, name), real, dirname(real)] };
  };
}

/** By the title of a row: where it is tried. A new transport gets an entry here, and all of the suite. */
const trials: Readonly<Record<string, readonly TransportTrial[]>> = {
  "a name in the local store": [
    {
      of: "store",
      attachments: "all",
      reference: (_directory, image) => image,
      options: (directory) => ({ store: join(directory, "store") }),
      indexes: true,
      several: true,
      inPlace: true,
      keeps: /^store(\/\.oci-enc(\/ingest(\/sha256-[0-9a-f]{64})?)?)? /,
      policy: pathPolicy("oci", "store"),
      damage: damageFile,
    },
  ],
  "docker://": [
    await registryTrial("docker (strict)", () => startStrictRegistry(), damageInMemory),
    ...(noDockerRegistry ? [] : [await registryTrial("docker (docker-registry)", () => startDockerRegistry("open"))]),
  ],
  "oci:": [
    {
      attachments: "all",
      reference: (directory, image) => `oci:${join(directory, "layout")}:${image}`,
      options: () => ({}),
      indexes: true,
      several: true,
      inPlace: true,
      policy: pathPolicy("oci", "layout"),
      damage: damageFile,
    },
  ],
  "oci-archive:": [
    {
      attachments: "all",
      reference: (directory, image) => `oci-archive:${join(directory, "image.tar")}:${image}`,
      options: () => ({}),
      indexes: true,
      several: false,
      inPlace: true,
      policy: pathPolicy("oci-archive", "image.tar"),
      damage: damageFile,
    },
  ],
  "docker-archive:": [
    {
      reference: (directory, image) => `docker-archive:${join(directory, "image.tar")}:${image}`,
      options: () => ({}),
      indexes: false,
      several: false,
      inPlace: false,
      policy: () => ({ transport: "docker-archive", scopes: [] }),
      damage: damageFile,
    },
  ],
  "dir:": [
    {
      reference: (directory) => `dir:${join(directory, "image")}`,
      options: () => ({}),
      indexes: true,
      several: false,
      inPlace: true,
      policy: pathPolicy("dir", "image"),
      damage: damageFile,
    },
  ],
};

/** Every row of the product, each with the places where it is tried. */
export const transportCases: readonly TransportCase[] = transportRows.flatMap((row) => {
  const found = trials[row.title];
  if (!found) throw new Error(`the contract suite has no place to try ${row.title}`);
  return found.map((trial) => ({ ...trial, row, name: trial.of ?? row.title.replace(/:$/, "") }));
});
