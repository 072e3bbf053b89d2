import { spawn } from "node:child_process";
import { cpSync, lutimesSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ociEncProgram } from "../support/process/oci-enc.js";
import { systemPeer } from "../support/process/peer.js";
import { filesOf, filesWith, isThere, temporaryFiles } from "./audit.js";
import type { Kind } from "./kinds.js";
import type { World } from "./world.js";

/** What an undisturbed run of a kind's command is like. */
export interface Measured {
  readonly milliseconds: number;
  /** How often each system call happens that changes files. */
  readonly calls: ReadonlyMap<string, number>;
}

/** What came of a round. */
export interface RoundResult {
  /** False: it ended before. */
  readonly killed: boolean;
  readonly how: string;
  readonly problems: readonly string[];
}

const calls = [
  "rename",
  "unlink",
  "mkdir",
  "rmdir",
  "fsync",
  "fdatasync",
  "link",
  "pwrite64",
  "pwritev",
  "chmod",
  "fchmod",
];
const [strace, unshare, runc] = ["strace", "unshare", "runc"].map((name) => systemPeer(name));

/** Whether what a kind needs is on this machine. */
export function isKillable({ asks }: Kind): boolean {
  return asks !== "runc" || runc?.missing === false;
}

/** Runs the command once. Throws when it fails: then there is nothing to kill. */
export async function measure(world: World, kind: Kind): Promise<Measured> {
  const round = setUp(world, kind);
  const started = performance.now();
  const { status, stderr } = await start(round, [], kind.command).ended;
  if (status !== 0) throw new Error(`${kind.name} fails undisturbed: ${stderr}`);
  const milliseconds = performance.now() - started;
  if (strace?.missing !== false) return { milliseconds, calls: new Map() };
  const again = setUp(world, kind);
  const record = join(world.directory, "calls.txt");
  await start(again, ["strace", "-f", "-qq", "-o", record, "-e", `trace=${calls.join(",")}`], kind.command).ended;
  const counted = new Map<string, number>();
  for (const [, name = ""] of readFileSync(record, "utf8").matchAll(/^\d+ +(\w+)\(/gm)) {
    counted.set(name, (counted.get(name) ?? 0) + 1);
  }
  return { milliseconds, calls: counted };
}

/** Sets up, kills, runs the next command and looks. */
export async function playRound(
  world: World,
  kind: Kind,
  { measured, random }: { readonly measured: Measured; readonly random: () => number },
): Promise<RoundResult> {
  const round = setUp(world, kind);
  const isolated = unshare?.missing === false && random() < 0.5;
  const { killed, how } = await killOnce(round, kind, { measured, random, isolated });
  const found = new Findings(round, kind);
  found.look("after the kill");
  if (isolated) age(round);
  const next = await start(round, [], kind.next).ended;
  if (!(kind.statuses ?? [0]).includes(next.status))
    found.problems.push(`the next command: ${next.status}: ${next.stderr}`);
  found.look("in the end");
  found.lookAtTheRest(world.marker);
  return { killed, how: isolated ? `${how}, another pid namespace` : how, problems: found.problems };
}

interface Chance {
  readonly measured: Measured;
  readonly random: () => number;
  readonly isolated: boolean;
}

/** At a moment of its time, or right before a system call that changes a file. */
async function killOnce(round: string, kind: Kind, { measured, random, isolated }: Chance) {
  const name = [...measured.calls.keys()][Math.floor(random() * measured.calls.size)];
  const byCall = name !== undefined && random() < 0.7;
  const nth = 1 + Math.floor((random() * (measured.calls.get(name ?? "") ?? 1)) / 1.5);
  const delay = measured.milliseconds * (0.25 + 0.8 * random());
  const before = [
    ...(isolated ? ["unshare", "-pf", "--kill-child", "--mount-proc"] : []),
    ...(byCall ? ["strace", "-f", "-qq", "-o", "/dev/null", "-e", `inject=${name}:signal=KILL:when=${nth}`] : []),
  ];
  const command = start(round, before, kind.command);
  const timer = byCall ? undefined : setTimeout(() => command.kill(), delay);
  const { status } = await command.ended;
  clearTimeout(timer);
  return { killed: status !== 0, how: byCall ? `${name} ${nth}` : `${Math.round(delay)} ms` };
}

/** What is wrong in a round. */
class Findings {
  readonly problems: string[] = [];
  /** What may hold plain content, as an image that is whole names it. */
  readonly #named = new Set<string>();
  readonly #round: string;
  readonly #kind: Kind;

  constructor(round: string, kind: Kind) {
    this.#round = round;
    this.#kind = kind;
  }

  /** Whether all that is named is whole. */
  look(moment: string): void {
    for (const result of this.#kind.results.filter((one) => isThere(this.#round, one))) {
      try {
        for (const file of filesOf(this.#round, result)) this.#named.add(file);
      } catch (error) {
        this.problems.push(`${moment}: ${error instanceof Error ? error.message : error}`);
      }
    }
  }

  /** Whether anything else is there that should not be. */
  lookAtTheRest(marker: string): void {
    const { plain, results } = this.#kind;
    for (const result of results.filter((one) => !isThere(this.#round, one))) {
      this.problems.push(`${result.path} is not there in the end`);
    }
    const mayBePlain = (file: string) => this.#named.has(file) || plain.some((path) => file.startsWith(`${path}/`));
    for (const file of filesWith(this.#round, marker)) {
      if (!mayBePlain(file)) this.problems.push(`${file} is plain`);
    }
    for (const file of temporaryFiles(this.#round)) this.problems.push(`${file} is left`);
  }
}

function setUp(world: World, kind: Kind): string {
  const round = join(world.directory, "round");
  rmSync(round, { recursive: true, force: true });
  mkdirSync(join(round, "tmp"), { recursive: true });
  for (const name of kind.needs) cpSync(join(world.templates, name), join(round, name), { recursive: true });
  return round;
}

/** As if a quarter of an hour had passed: makers that cannot be seen are silent by then. */
function age(round: string): void {
  const then = new Date(Date.now() - 15 * 60_000);
  for (const name of readdirSync(round, { recursive: true, encoding: "utf8" }))
    lutimesSync(join(round, name), then, then);
}

interface Started {
  readonly ended: Promise<{ readonly status: number; readonly stderr: string }>;
  kill(): void;
}

function start(round: string, before: readonly string[], args: readonly string[]): Started {
  const [program = "", ...rest] = [...before, process.execPath, ociEncProgram, ...args];
  const env = { ...process.env, TMPDIR: join(round, "tmp"), HOME: round };
  const child = spawn(program, rest, { cwd: round, env, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<{ status: number; stderr: string }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ status: signal === null ? (code ?? 1) : 137, stderr }));
  });
  return { ended, kill: () => child.kill("SIGKILL") };
}
