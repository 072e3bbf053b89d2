import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { broughtPeer } from "../support/process/peer.js";
import { decoderProgram } from "../support/runtime/decoder.js";
import { decode, sealedLayer } from "./decoder-layer.js";
import { type Measurement, measure, median, type Summary, summary } from "./measure.js";

/** How our stream processor does beside the real one. */
export interface DecoderBench {
  /** Of one large layer, by program. */
  readonly layer: Readonly<Record<string, Summary>>;
  /** Seconds for a layer of a few bytes, by program. */
  readonly tiny: Readonly<Record<string, number>>;
  /** Seconds until ours is loaded and has printed its help, and until `node` has run nothing at all. */
  readonly start: Readonly<Record<string, number>>;
}

/** Opens one layer of `mib` MiB and, twenty times, one of a few bytes, through pipes as containerd does. */
export async function benchDecoder(
  scratch: string,
  { runs, mib }: { runs: number; mib: number },
): Promise<DecoderBench> {
  const directory = join(scratch, "decoder");
  await mkdir(join(directory, "keys"), { recursive: true });
  const large = await sealedLayer(directory, "large", { bytes: randomStream(mib * 2 ** 20), size: mib * 2 ** 20 });
  const tiny = await sealedLayer(directory, "tiny", { bytes: randomStream(137), size: 137 });
  const peer = broughtPeer("ctd-decoder-trixie");
  if (peer.missing !== false) console.error(`not measured: ${peer.missing}`);
  const programs = new Map([["ctd-decoder.js", decoderProgram]]);
  if (peer.missing === false) programs.set("ctd-decoder", peer.program);

  const layer = await takingTurns(runs, programs, (program) => decode(program, large));
  const opened = await takingTurns(20, programs, (program) => decode(program, tiny));
  const nothing = ["-e", "0"];
  const starts = new Map([
    ["node", nothing],
    ["ctd-decoder.js", [decoderProgram, "--help"]],
  ]);
  const started = await takingTurns(20, starts, (args) => measure(process.execPath, args));
  return {
    layer: Object.fromEntries([...layer].map(([name, all]) => [name, summary(all)])),
    tiny: medians(opened),
    start: medians(started),
  };
}

/** Lines for people, and the targets: no slower than the real one, and started within 1.3 times a bare node. */
export function decoderLines({ layer, tiny, start }: DecoderBench): readonly string[] {
  const rows = Object.entries(layer).map(([name, { wall }]) => `${name.padEnd(16)}${wall.toFixed(2)}`);
  const ours = "ctd-decoder.js";
  const speed = ratio(layer[ours]?.wall, layer["ctd-decoder"]?.wall);
  const loading = ratio(start[ours], start["node"]);
  return [
    "\none layer through the stream processor",
    "program         wall s",
    ...rows,
    `a layer of a few bytes: ${ratio(tiny[ours], tiny["ctd-decoder"]).toFixed(2)} times ctd-decoder, ${ratio(tiny[ours], start["node"]).toFixed(2)} times a bare node`,
    verdict("decoder: time of ctd-decoder", speed, 1),
    verdict("decoder: start beside a bare node", loading, 1.3),
  ];
}

function ratio(one: number | undefined, other: number | undefined): number {
  return (one ?? Number.NaN) / (other ?? Number.NaN);
}

/** Whether a target is met. */
export function verdict(what: string, value: number, most: number): string {
  if (Number.isNaN(value)) return `unknown ${what}: the other one is not here`;
  return `${value <= most ? "met   " : "MISSED"}  ${what}: ${value.toFixed(2)}, at most ${most.toFixed(2)}`;
}

function medians(results: ReadonlyMap<string, readonly Measurement[]>): Record<string, number> {
  return Object.fromEntries([...results].map(([name, all]) => [name, median(all.map(({ wall }) => wall))]));
}

/** Does everything once, and then again, so that what else the machine does is shared by all. */
export async function takingTurns<P, T>(
  runs: number,
  programs: ReadonlyMap<string, P>,
  action: (program: P) => Promise<T>,
): Promise<ReadonlyMap<string, T[]>> {
  const results = new Map<string, T[]>([...programs.keys()].map((name) => [name, []]));
  for (let run = 0; run < runs; run += 1) {
    for (const [name, program] of programs) results.get(name)?.push(await action(program));
  }
  return results;
}

async function* randomStream(size: number): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; left -= 2 ** 20) yield randomBytes(Math.min(left, 2 ** 20));
}
