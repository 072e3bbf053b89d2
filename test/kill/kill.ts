import { rmSync } from "node:fs";
import { join } from "node:path";
import { ociEnc } from "../support/process/oci-enc.js";
import { randomNumbers } from "../support/random-numbers.js";
import { startStrictRegistry } from "../support/registry/strict/strict-registry.js";
import { allKinds, type Kind } from "./kinds.js";
import { isKillable, type Measured, measure, playRound } from "./round.js";
import { makeWorld } from "./world.js";

/**
 * Kills commands at random moments, runs the next one, and looks for what is lost, what is left and what lies in the clear.
 * KILL_ROUNDS: how many, default 500. KILL_SEED: of the random numbers, for the same rounds again. KILL_ONLY: kinds whose
 * names contain one of these words; KILL_NOT: all but those. Exits with 1 when there is a fault.
 */
const rounds = Number(process.env["KILL_ROUNDS"] ?? 500);
const seed = Number(process.env["KILL_SEED"] ?? Date.now() % 2 ** 31);
const words = (name: string) => (process.env[name] ?? "").split(/[ ,]+/).filter(Boolean);

const registry = await startStrictRegistry();
const world = makeWorld();
const faults: string[] = [];
const counts = new Map<string, { rounds: number; killed: number; faults: number }>();
try {
  await push(join(world.templates, "sealed"));
  const kinds = allKinds(registry.host).filter(isWanted).filter(isKillable);
  if (kinds.length === 0) throw new Error("no kind is wanted that can be tried here");
  const measured = new Map<string, Measured>();
  const random = randomNumbers(seed);
  for (let round = 0; round < rounds; round += 1) {
    const kind = kinds[round % kinds.length];
    if (kind === undefined) break;
    const known = measured.get(kind.name) ?? (await measure(world, kind));
    measured.set(kind.name, known);
    const { killed, problems, how } = await playRound(world, kind, { measured: known, random });
    const count = counts.get(kind.name) ?? { rounds: 0, killed: 0, faults: 0 };
    counts.set(kind.name, {
      rounds: count.rounds + 1,
      killed: count.killed + Number(killed),
      faults: count.faults + Number(problems.length > 0),
    });
    for (const problem of problems) faults.push(`round ${round}, ${kind.name}, ${how}: ${problem}`);
    for (const problem of problems) console.log(`FAULT round ${round}, ${kind.name}, ${how}: ${problem}`);
  }
} finally {
  rmSync(world.directory, { recursive: true, force: true });
  await registry[Symbol.asyncDispose]();
}

for (const [name, { rounds: tried, killed, faults: bad }] of counts) {
  console.log(
    `${name.padEnd(28)} ${String(tried).padStart(4)} rounds, ${String(killed).padStart(4)} killed, ${bad} faults`,
  );
}
const killed = [...counts.values()].reduce((sum, count) => sum + count.killed, 0);
console.log(`${rounds} rounds, ${killed} killed, ${faults.length} faults; seed ${seed}`);
process.exitCode = faults.length > 0 ? 1 : 0;

async function push(layout: string): Promise<void> {
  const { status, stderr } = await ociEnc(["push", "-q", `oci:${layout}:x`, `docker://${registry.host}/sealed:1`]);
  if (status !== 0) throw new Error(stderr);
}

function isWanted({ name }: Kind): boolean {
  const [only, not] = [words("KILL_ONLY"), words("KILL_NOT")];
  return (only.length === 0 || only.some((word) => name.includes(word))) && !not.some((word) => name.includes(word));
}
