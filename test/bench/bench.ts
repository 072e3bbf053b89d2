import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { ociEncProgram } from "../support/process/oci-enc.js";
import { broughtPeer, type Peer, systemPeer } from "../support/process/peer.js";
import {
  type DockerRegistryPlace,
  noDockerRegistry,
  startDockerRegistry,
} from "../support/registry/docker-registry.js";
import { type BenchImage, writeBenchImage } from "./bench-image.js";
import { benchRecipients, type RecipientsResult } from "./bench-recipients.js";
import { benchDecoder, decoderLines } from "./decoder-bench.js";
import { benchGrowth, growthLines } from "./growth-bench.js";
import { type Measurement, measure, median, type Summary, summary } from "./measure.js";
import { benchSearch, searchLines } from "./search-bench.js";

/**
 * Measures oci-enc beside skopeo: the same image, `oci:` to `oci:` and registry to registry, a fresh output each time, the
 * tools in turn. Prints a
 * table and the targets, and writes build/bench.json. OCI_ENC_BENCH_SCALE=0.05 makes the images smaller,
 * OCI_ENC_BENCH_RUNS changes the number of runs (5), OCI_ENC_BENCH_ONLY names the cases to run. OCI_ENC_BENCH_BEFORE names
 * the `bin/oci-enc.js` of an older build, which is measured in the same run.
 */
const scale = Number(process.env["OCI_ENC_BENCH_SCALE"] ?? 1);
const runs = Number(process.env["OCI_ENC_BENCH_RUNS"] ?? 5);
const only = process.env["OCI_ENC_BENCH_ONLY"]?.split(",");

type Operation = "encrypt" | "decrypt" | "copy";

/** Where one run's output goes; gone with its disposal. */
interface Output extends AsyncDisposable {
  readonly reference: string;
}

interface Tool {
  readonly name: string;
  args(operation: Operation, from: string, to: string): { readonly program: string; readonly args: readonly string[] };
}

interface Result {
  readonly name: string;
  readonly operation: Operation;
  readonly tools: Readonly<Record<string, Summary>>;
  /** Of oci-enc's time to the other tool's: the median over the runs of one tool after the other. */
  readonly ratios: Readonly<Record<string, number>>;
}

const scratch = await mkdtemp(join(process.env["OCI_ENC_BENCH_DIR"] ?? tmpdir(), "oci-enc-bench-"));
try {
  await benchAll();
} finally {
  await rm(scratch, { recursive: true, force: true });
}

async function benchAll(): Promise<void> {
  await writeKeys();
  const older = process.env["OCI_ENC_BENCH_BEFORE"];
  const tools = [ociEncTool(), ...skopeos(), ...(older === undefined ? [] : [ociEncTool("before", older)])];
  const results: Result[] = [];
  const size = (mib: number) => Math.max(1, Math.round(mib * scale));
  for (const image of [
    { name: "one 1 GiB layer", layers: 1, mib: size(1024) },
    { name: "eight 64 MiB layers", layers: 8, mib: size(64) },
    { name: "forty 1 MiB layers", layers: 40, mib: 1 },
  ]) {
    if (!isWanted(image.name)) continue;
    const directory = join(scratch, "plain");
    await writeBenchImage({ ...image, directory, content: "random" });
    const sealed = join(scratch, "sealed");
    results.push(await bench(image.name, "encrypt", { tools, from: layout(directory), output: outputLayout }));
    await measureTool(ociEncTool(), "encrypt", layout(directory), layout(sealed));
    results.push(await bench(image.name, "decrypt", { tools, from: layout(sealed), output: outputLayout }));
    await rm(directory, { recursive: true });
    await rm(sealed, { recursive: true });
  }
  const skopeo = tools[1];
  if (skopeo && isWanted("recompressed")) results.push(await benchRecompressed(skopeo, tools, size(256)));
  if (isWanted("registry")) results.push(...(await benchRegistry(tools, size(1024))));
  const decoder = isWanted("decoder") ? await benchDecoder(scratch, { runs, mib: size(1024) }) : undefined;
  const search = isWanted("search") ? await benchSearch(scratch, Math.max(runs, 11)) : undefined;
  const recipients = await benchEdits(size(1024));
  const growth = isWanted("growth") ? await benchGrowth(scratch, publicKey()) : undefined;
  const start = await benchStart();
  await mkdir("build", { recursive: true });
  const report = { node: process.version, scale, runs, results, recipients, start, decoder, search, growth };
  await writeFile(join("build", "bench.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  printTable(results);
  console.log(
    `\nstart: oci-enc --version ${ms(start.ociEnc)}, bare node ${ms(start.node)}: ${start.ratio.toFixed(2)} times`,
  );
  if (recipients) printEdits(recipients);
  printTargets(results, start.ratio);
  if (decoder !== undefined) console.log(decoderLines(decoder).join("\n"));
  if (search !== undefined) console.log(searchLines(search).join("\n"));
  if (growth !== undefined) console.log(growthLines(growth).join("\n"));
}

/** Undefined, and said so, where there is no docker-registry. */
async function benchEdits(mib: number): Promise<RecipientsResult | undefined> {
  if (!isWanted("recipients")) return undefined;
  if (noDockerRegistry !== false) {
    console.error(`not measured: ${noDockerRegistry}`);
    return undefined;
  }
  const skopeo = systemPeer("skopeo");
  const keys = { publicKey: publicKey(), privateKey: privateKey() };
  return await benchRecipients({ scratch, mib, runs, ...keys, skopeo: skopeo.missing === false ? skopeo : undefined });
}

function printEdits({ mib, add, remove, skopeo }: RecipientsResult): void {
  console.log(`\nrecipients of a ${mib} MiB image on docker-registry`);
  console.log(`add ${ms(add)}, remove ${ms(remove)}; skopeo, decrypt and encrypt again: ${skopeo ? ms(skopeo) : "-"}`);
  console.log(
    [target("recipients add, in seconds", add, 1), target("recipients remove, in seconds", remove, 1)].join("\n"),
  );
}

/** skopeo compresses a tar layer before it seals it; the wrapped digest is then the diff id. */
async function benchRecompressed(skopeo: Tool, tools: readonly Tool[], mib: number): Promise<Result> {
  const directory = join(scratch, "tar");
  const image: BenchImage = { directory, layers: 1, mib, content: "compressible" };
  await writeBenchImage(image);
  const sealed = join(scratch, "recompressed");
  await measureTool(skopeo, "encrypt", layout(directory), layout(sealed));
  return await bench("recompressed gzip layer", "decrypt", { tools, from: layout(sealed), output: outputLayout });
}

/** From one registry of this machine to another, which is empty each time. */
async function benchRegistry(tools: readonly Tool[], mib: number): Promise<readonly Result[]> {
  if (noDockerRegistry) {
    console.error(`not measured: ${noDockerRegistry}`);
    return [];
  }
  const place = await leastRegistry(5 * mib);
  await using source = await startDockerRegistry("open", place);
  const directory = join(scratch, "plain");
  await writeBenchImage({ directory, layers: 2, mib, content: "random" });
  const from = `docker://${source.host}/bench:1`;
  await measureTool(ociEncTool(), "copy", layout(directory), from);
  await rm(directory, { recursive: true });
  const how = { tools, from, output: () => outputRegistry(place) };
  return [
    await bench("registry, two 1 GiB layers", "encrypt", how),
    await bench("registry, two 1 GiB layers", "copy", how),
  ];
}

/**
 * Both registries share the machine's cores with whoever is measured, so they are to take as little as can be: the newest
 * there is, as Debian 12's hashes without the processor's instructions for that, and its blobs in memory if there is room for
 * so many MiB. OCI_ENC_BENCH_REGISTRY=system takes the machine's own, on disk.
 */
async function leastRegistry(mib: number): Promise<DockerRegistryPlace> {
  const brought = broughtPeer("docker-registry-trixie");
  const system = process.env["OCI_ENC_BENCH_REGISTRY"] === "system";
  const program = system || brought.missing ? "docker-registry" : brought.program;
  const parent = !system && (await hasRoom("/dev/shm", mib)) ? "/dev/shm" : scratch;
  const version = spawnSync(program, ["--version"], { encoding: "utf8" }).stdout.trim().split(" ").at(-1);
  console.log(`registries: docker-registry ${version}, in ${parent === scratch ? "files" : "memory"}`);
  return { program, parent };
}

/** Of the memory that is free, a file system there takes no more than half. */
async function hasRoom(directory: string, mib: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(directory).catch(() => ({ bavail: 0, bsize: 0 }));
  return Math.min(bavail * bsize, freemem() / 2) >= mib * 1024 * 1024;
}

async function outputRegistry(place: DockerRegistryPlace): Promise<Output> {
  const target = await startDockerRegistry("open", place);
  return { reference: `docker://${target.host}/bench:1`, [Symbol.asyncDispose]: () => target[Symbol.asyncDispose]() };
}

async function outputLayout(): Promise<Output> {
  const directory = join(scratch, "output");
  return { reference: layout(directory), [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

function layout(directory: string): string {
  return `oci:${directory}:bench`;
}

async function bench(
  name: string,
  operation: Operation,
  how: { tools: readonly Tool[]; from: string; output: () => Promise<Output> },
): Promise<Result> {
  const measured = new Map<string, Measurement[]>(how.tools.map((tool) => [tool.name, []]));
  for (let run = 0; run < runs; run += 1) {
    // Whoever goes first may find the disk busier: take turns.
    for (let turn = 0; turn < how.tools.length; turn += 1) {
      const tool = how.tools[(run + turn) % how.tools.length];
      if (!tool) continue;
      spawnSync("sync");
      await using output = await how.output();
      measured.get(tool.name)?.push(await measureTool(tool, operation, how.from, output.reference));
    }
  }
  const own = (measured.get("oci-enc") ?? []).map(({ wall }) => wall);
  const ratios = [...measured].map(([tool, runsOfIt]) => [
    tool,
    median(own) / median(runsOfIt.map(({ wall }) => wall)),
  ]);
  const result = {
    name,
    operation,
    tools: Object.fromEntries([...measured].map(([tool, runsOfIt]) => [tool, summary(runsOfIt)])),
    ratios: Object.fromEntries(ratios),
  };
  console.error(`${name}, ${operation}: done`);
  return result;
}

function measureTool(tool: Tool, operation: Operation, from: string, to: string): Promise<Measurement> {
  const { program, args } = tool.args(operation, from, to);
  return measure(program, args);
}

async function benchStart(): Promise<{ ociEnc: number; node: number; ratio: number }> {
  const bare: number[] = [];
  const own: number[] = [];
  for (let run = 0; run < 20; run += 1) {
    bare.push((await measure(process.execPath, ["-e", "0"])).wall);
    own.push((await measure(process.execPath, [ociEncProgram, "--version"])).wall);
  }
  return { ociEnc: median(own), node: median(bare), ratio: median(own) / median(bare) };
}

function ociEncTool(name = "oci-enc", program = ociEncProgram): Tool {
  const keys = { encrypt: ["--recipient", `jwe:${publicKey()}`], decrypt: ["--key", privateKey()], copy: [] };
  return {
    name,
    args: (operation, from, to) => ({
      program: process.execPath,
      args: [program, operation, from, to, ...keys[operation], "--quiet"],
    }),
  };
}

function skopeos(): readonly Tool[] {
  const peers = [systemPeer("skopeo"), broughtPeer("skopeo-trixie")];
  for (const { missing } of peers) if (missing !== false) console.error(`not measured: ${missing}`);
  return peers.filter(({ missing }) => missing === false).map(skopeoTool);
}

function skopeoTool({ program }: Peer): Tool {
  const version = spawnSync(program, ["--version"], { encoding: "utf8" }).stdout.trim().split(" ").at(-1);
  const keys = {
    encrypt: ["--encryption-key", `jwe:${publicKey()}`],
    decrypt: ["--decryption-key", privateKey()],
    copy: [],
  };
  const loopback = ["--src-tls-verify=false", "--dest-tls-verify=false"];
  return {
    name: `skopeo ${version}`,
    args: (operation, from, to) => ({
      program,
      args: ["copy", "--quiet", "--insecure-policy", ...loopback, ...keys[operation], from, to],
    }),
  };
}

async function writeKeys(): Promise<void> {
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(publicKey(), pair.publicKey.export({ type: "spki", format: "pem" }));
  await writeFile(privateKey(), pair.privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
}

function publicKey(): string {
  return join(scratch, "public.pem");
}

function privateKey(): string {
  return join(scratch, "private.pem");
}

function isWanted(name: string): boolean {
  return only === undefined || only.some((part) => name.includes(part));
}

function printTable(results: readonly Result[]): void {
  const columns = ["tool", "wall s", "cpu s", "peak MiB", "ratio"];
  for (const { name, operation, tools, ratios } of results) {
    console.log(`\n${name}, ${operation}`);
    console.log(columns.map((column, index) => column.padEnd(index === 0 ? 16 : 10)).join(""));
    for (const [tool, { wall, cpu, peak }] of Object.entries(tools)) {
      const cells = [wall.toFixed(2), cpu?.toFixed(2) ?? "-", peak?.toFixed(0) ?? "-", ratios[tool]?.toFixed(2) ?? "-"];
      console.log(tool.padEnd(16) + cells.map((cell) => cell.padEnd(10)).join(""));
    }
  }
}

/**
 * In layouts at most a third of skopeo 1.9.3's time on the first two images, between registries half of it, and as long to
 * copy; never slower than skopeo 1.18; 160 MB, with registries 200; 1.5 starts.
 */
function printTargets(results: readonly Result[], start: number): void {
  const lines = results.flatMap(({ name, operation, tools, ratios }) => {
    const peak = (tools["oci-enc"]?.peak ?? 0) * 1.048576;
    const timed = Object.entries(ratios).flatMap(([tool, ratio]) => {
      const most = mostOf(tool, name, operation);
      return most === undefined ? [] : [target(`${name}, ${operation}: time of ${tool}`, ratio, most)];
    });
    return [
      ...timed,
      target(`${name}, ${operation}: peak memory in MB`, peak, name.startsWith("registry") ? 200 : 160),
    ];
  });
  console.log(["", ...lines, target("start beside a bare node", start, 1.5)].join("\n"));
}

/** The most that oci-enc's time may be of a tool's; undefined where nothing was promised. */
function mostOf(tool: string, name: string, operation: Operation): number | undefined {
  if (tool.startsWith("skopeo 1.18")) return 1;
  if (tool !== "skopeo 1.9.3") return undefined;
  if (name.startsWith("registry")) return operation === "copy" ? 1 : 1 / 2;
  return name.startsWith("one") || name.startsWith("eight") ? 1 / 3 : undefined;
}

function target(what: string, value: number, most: number): string {
  return `${value <= most ? "met   " : "MISSED"}  ${what}: ${value.toFixed(2)}, at most ${most.toFixed(2)}`;
}

function ms(seconds: number): string {
  return `${Math.round(seconds * 1000)} ms`;
}
