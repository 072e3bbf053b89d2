import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { defaultCipher } from "../../src/crypt/ciphers/index.js";
import { loadRecipients, sealLayer } from "../../src/crypt/layer.js";
import { parseDigest } from "../../src/oci/digest.js";
import { decoderProgram, payloadOf } from "../support/decoder.js";
import { broughtPeer } from "../support/peer.js";
import { measure, median, type Summary, summary } from "./measure.js";

/** How our stream processor does beside the real one. */
export interface DecoderBench {
  /** Of one large layer, by program. */
  readonly layer: Readonly<Record<string, Summary>>;
  /** Seconds for a tiny layer, by program; `node` runs nothing at all. */
  readonly start: Readonly<Record<string, number>>;
}

/** Opens one layer of `mib` MiB and, twenty times, one of a few bytes, through pipes as containerd does. */
export async function benchDecoder(
  scratch: string,
  { runs, mib }: { runs: number; mib: number },
): Promise<DecoderBench> {
  const directory = join(scratch, "decoder");
  await mkdir(join(directory, "keys"), { recursive: true });
  const large = await sealedLayer(directory, "large", mib * 2 ** 20);
  const tiny = await sealedLayer(directory, "tiny", 137);
  const peer = broughtPeer("ctd-decoder-trixie");
  if (peer.missing !== false) console.error(`not measured: ${peer.missing}`);
  const programs = new Map([["ctd-decoder.js", decoderProgram]]);
  if (peer.missing === false) programs.set("ctd-decoder", peer.program);

  const layer = await takingTurns(runs, programs, (program) => decode(program, large));
  const started = await takingTurns(20, programs, (program) => decode(program, tiny));
  const bare = await takingTurns(20, new Map([["node", process.execPath]]), (program) => measure(program, ["-e", "0"]));
  const walls = [...started, ...bare].map(([name, all]) => [name, median(all.map(({ wall }) => wall))]);
  return {
    layer: Object.fromEntries([...layer].map(([name, all]) => [name, summary(all)])),
    start: Object.fromEntries(walls),
  };
}

/** Lines for people, and the targets: no slower than the real one, and started within 1.3 times a bare node. */
export function decoderLines({ layer, start }: DecoderBench): readonly string[] {
  const rows = Object.entries(layer).map(
    ([name, { wall, peak }]) => `${name.padEnd(16)}${wall.toFixed(2).padEnd(10)}${peak?.toFixed(0) ?? "-"}`,
  );
  const ours = start["ctd-decoder.js"] ?? 0;
  const beside = (name: string) => (ours / (start[name] ?? Number.NaN)).toFixed(2);
  const verdict = (met: boolean) => (met ? "met   " : "MISSED");
  const speed = (layer["ctd-decoder.js"]?.wall ?? 0) / (layer["ctd-decoder"]?.wall ?? Number.NaN);
  return [
    "\none layer through the stream processor",
    "program         wall s    peak MiB",
    ...rows,
    `start: ${Math.round(ours * 1000)} ms; ${beside("node")} times a bare node, ${beside("ctd-decoder")} times ctd-decoder`,
    `${verdict(!(speed > 1))}  decoder: time of ctd-decoder: ${speed.toFixed(2)}, at most 1.00`,
    `${verdict(ours <= 1.3 * (start["node"] ?? 0))}  decoder: start beside a bare node: ${beside("node")}, at most 1.30`,
  ];
}

async function takingTurns<T>(
  runs: number,
  programs: ReadonlyMap<string, string>,
  action: (program: string) => Promise<T>,
): Promise<ReadonlyMap<string, T[]>> {
  const results = new Map<string, T[]>([...programs.keys()].map((name) => [name, []]));
  for (let run = 0; run < runs; run += 1) {
    for (const [name, program] of programs) results.get(name)?.push(await action(program));
  }
  return results;
}

interface SealedFile {
  readonly layer: string;
  readonly payload: string;
  readonly keys: string;
}

function decode(program: string, { layer, payload, keys }: SealedFile) {
  const script = 'cat "$2" | "$0" --decryption-keys-path "$3" 3<"$1" | cat >/dev/null';
  return measure("bash", ["-o", "pipefail", "-c", script, program, payload, layer, keys]);
}

/** Random bytes, sealed into a file, with the payload that opens them. */
async function sealedLayer(directory: string, name: string, size: number): Promise<SealedFile> {
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const value = pair.publicKey.export({ type: "spki", format: "pem" });
  await writeFile(join(directory, "keys", `${name}.pem`), pair.privateKey.export({ type: "pkcs8", format: "pem" }));
  const wrap = await loadRecipients([{ scheme: "jwe", value: Buffer.from(value), origin: "bench" }]);
  const hash = createHash("sha256");
  const sealed = sealLayer(defaultCipher, wrap, { bytes: hashing(randomStream(size), hash), size });
  const layer = join(directory, name);
  await pipeline(sealed.bytes, createWriteStream(layer));
  const annotate = await sealed.annotate(parseDigest(`sha256:${hash.digest("hex")}`));
  const descriptor = { mediaType: "application/vnd.oci.image.layer.v1.tar+encrypted", size, annotations: annotate({}) };
  const payload = join(directory, `${name}.payload`);
  await writeFile(payload, payloadOf({ DecryptConfig: { Parameters: null }, Descriptor: descriptor }));
  return { layer, payload, keys: join(directory, "keys", `${name}.pem`) };
}

async function* randomStream(size: number): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; left -= 2 ** 20) yield randomBytes(Math.min(left, 2 ** 20));
}

async function* hashing(
  bytes: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}
