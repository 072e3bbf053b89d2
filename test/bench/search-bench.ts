import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { broughtPeer } from "../support/process/peer.js";
import { ContentStore } from "../support/runtime/content-store.js";
import { decoderProgram } from "../support/runtime/decoder.js";
import { takingTurns, verdict } from "./decoder-bench.js";
import { decode, type SealedFile, sealedLayer } from "./decoder-layer.js";
import { type Summary, summary } from "./measure.js";

/** A way to open one small layer, and what it took. */
export interface SearchRow {
  readonly name: string;
  readonly took: Summary;
}

/** What the search for a layer without a payload takes. */
export interface SearchBench {
  readonly rows: readonly SearchRow[];
  /** Medians of seconds beside the same with a payload, in the same turn, by the number of blobs. */
  readonly added: Readonly<Record<string, number>>;
  /** What else the machine did at the end, in processes that want a processor. */
  readonly load: number;
}

interface Way {
  readonly program: string;
  readonly file: SealedFile;
  readonly root?: string;
}

const sizes = [
  { blobs: 10, manifests: 2, most: undefined },
  { blobs: 10_000, manifests: 1_000, most: 0.1 },
  { blobs: 100_000, manifests: 10_000, most: 1 },
] as const;

const withPayload = "ctd-decoder.js, payload";

/** Opens a layer of 64 KiB with a payload, and without one in content stores that are in the cache. */
export async function benchSearch(scratch: string, runs: number): Promise<SearchBench> {
  const directory = join(scratch, "search");
  await mkdir(join(directory, "keys"), { recursive: true });
  const [newest, oldest] = [await smallLayer(directory, "newest"), await smallLayer(directory, "oldest")];
  const ways = new Map<string, Way>([[withPayload, { program: decoderProgram, file: newest }]]);
  const peer = broughtPeer("ctd-decoder-trixie");
  if (peer.missing === false) ways.set("ctd-decoder, payload", { program: peer.program, file: newest });
  for (const { blobs, manifests } of sizes) {
    const store = new ContentStore(join(directory, String(blobs)));
    store.fill({ blobs, manifests });
    put(store, newest, 0);
    ways.set(storeName("newest", blobs), { program: decoderProgram, file: newest, root: store.root });
    // Of a larger one every blob is looked into, for which five seconds may not do.
    if (blobs > 10_000) continue;
    put(store, oldest, 10_000_000);
    ways.set(storeName("oldest", blobs), { program: decoderProgram, file: oldest, root: store.root });
  }
  const took = await takingTurns(runs, ways, ({ program, file, root }) => decode(program, file, root));
  await rm(directory, { recursive: true });
  const base = took.get(withPayload)?.map(({ wall }) => wall) ?? [];
  const added = sizes.map(({ blobs }) => {
    const walls = took
      .get(storeName("newest", blobs))
      ?.map(({ wall }, turn) => ({ wall: wall - (base[turn] ?? 0), cpu: undefined, peak: undefined }));
    return [String(blobs), summary(walls ?? []).wall];
  });
  return {
    rows: [...took].map(([name, all]) => ({ name, took: summary(all) })),
    added: Object.fromEntries(added),
    load: loadavg()[0] ?? 0,
  };
}

/** Lines for people, and the targets. */
export function searchLines({ rows, added, load }: SearchBench): readonly string[] {
  return [
    "\none layer of 64 KiB through the stream processor",
    `load ${load.toFixed(1)} on ${availableParallelism()} processors: the targets are those of a calm machine`,
    `${"".padEnd(48)}wall ms   cpu ms`,
    ...rows.map(({ name, took }) => `${name.padEnd(48)}${ms(took.wall).padEnd(10)}${ms(took.cpu ?? Number.NaN)}`),
    ...sizes.flatMap(({ blobs, most }) =>
      most === undefined
        ? []
        : [verdict(`decoder: seconds that a search of ${blobs} blobs adds`, added[blobs] ?? Number.NaN, most)],
    ),
  ];
}

function storeName(which: "newest" | "oldest", blobs: number): string {
  return `ctd-decoder.js, ${blobs} blobs, the ${which} image`;
}

/** What begins as a layer does: another would be looked for to the end. */
async function smallLayer(directory: string, name: string): Promise<SealedFile> {
  const bytes = gzipSync(randomBytes(64 * 1024));
  return await sealedLayer(directory, name, { bytes: Readable.from([bytes]), size: bytes.length });
}

function put(store: ContentStore, { layer, annotations }: SealedFile, age: number): void {
  const bytes = readFileSync(layer);
  store.putManifest([{ digest: store.put(bytes, age), size: bytes.length, annotations }], age);
}

function ms(seconds: number): string {
  return (seconds * 1000).toFixed(0);
}
