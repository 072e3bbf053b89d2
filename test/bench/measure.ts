import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** What a program took. */
export interface Measurement {
  /** Seconds from start to end. */
  readonly wall: number;
  /** Seconds of processor time, the system's included. Undefined where there is no /proc. */
  readonly cpu: number | undefined;
  /** The most memory it had, in MiB. Undefined where there is no /proc. */
  readonly peak: number | undefined;
}

/** Several measurements of one thing. */
export interface Summary extends Measurement {
  readonly runs: number;
}

/** Runs a program to its end. Throws, with its words, when its status is not 0. One at a time. */
export async function measure(program: string, args: readonly string[]): Promise<Measurement> {
  const before = childrenTime();
  const start = performance.now();
  const child = spawn(program, [...args], { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    words += text;
  });
  // The kernel keeps the maximum, but only as long as the process lives.
  let peak: number | undefined;
  const watch = setInterval(() => {
    peak = peakOf(child.pid) ?? peak;
  }, 10);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  }).finally(() => clearInterval(watch));
  const wall = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}: ${words}`);
  const after = childrenTime();
  return { wall, cpu: before === undefined || after === undefined ? undefined : after - before, peak };
}

/** The median of times, the maximum of memory. */
export function summary(measurements: readonly Measurement[]): Summary {
  const known = (values: readonly (number | undefined)[]) => values.filter((value) => value !== undefined);
  const cpu = known(measurements.map((one) => one.cpu));
  const peak = known(measurements.map((one) => one.peak));
  return {
    runs: measurements.length,
    wall: median(measurements.map((one) => one.wall)),
    cpu: cpu.length > 0 ? median(cpu) : undefined,
    peak: peak.length > 0 ? Math.max(...peak) : undefined,
  };
}

/** The middle one; the mean of the two in the middle where there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.slice(Math.floor((sorted.length - 1) / 2), Math.floor(sorted.length / 2) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

/** Processor seconds of all children that have ended: `cutime` and `cstime` of proc(5), in hundredths. */
function childrenTime(): number | undefined {
  const text = read("/proc/self/stat");
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function peakOf(pid: number | undefined): number | undefined {
  const line = read(`/proc/${pid}/status`)?.match(/^VmHWM:\s+(\d+) kB/m);
  return line ? Number(line[1]) / 1024 : undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined; // Not Linux, or the process has ended.
  }
}
