import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Found, good, warning, wrong } from "./finding.js";

/** When releases of Node get no more repairs (https://github.com/nodejs/release). Releases with odd numbers are short-lived. */
const ends: ReadonlyMap<number, string> = new Map([
  [20, "2026-04-30"],
  [22, "2027-04-30"],
  [24, "2028-04-30"],
  [26, "2029-04-30"],
]);

const newer = "install a release of Node that is maintained: https://nodejs.org, or your distribution's packages";

/** The release of Node, by its number and the day. */
export function checkNodeRelease(version: string, now: number): Found {
  const major = Number(version.split(".")[0]);
  const end = ends.get(major);
  if (end !== undefined && now >= Date.parse(end)) {
    return warning(`Node ${version}, which has had no repairs since ${end}`, newer);
  }
  if (major % 2 === 1) return warning(`Node ${version}, a release that is maintained for some months only`, newer);
  return good(`Node ${version}${end === undefined ? "" : `, maintained until ${end}`}`);
}

/** Milliseconds by which clocks of machines that share files may differ. */
const tolerance = 86_400_000;

/** Files that were surely written in the past: of this program, and of the system. */
export const writtenFiles: readonly string[] = [
  fileURLToPath(import.meta.url),
  "/etc/os-release",
  "/etc/ld.so.cache",
  "/etc/resolv.conf",
];

/** The clock, by the times of files: nothing was written in the future. Certificates and signatures are judged by it. */
export async function checkClock(now: number, files: readonly string[]): Promise<Found> {
  const times = await Promise.all(files.map(timeOf));
  const newest = Math.max(...times.map((time) => time ?? 0));
  const day = new Date(now).toISOString().slice(0, 16);
  if (newest <= now + tolerance) return good(`${day} UTC; no file that was looked at is younger`);
  const message = `${day} UTC, and a file was written at ${new Date(newest).toISOString().slice(0, 16)}`;
  return wrong(message, "set the clock, or let it be set: timedatectl set-ntp true; TLS and signatures go by it");
}

async function timeOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

/** The configuration file of the command line, which has read it, or has not been able to. */
export interface ReadConfiguration {
  /** Undefined: there is none. */
  readonly path: string | undefined;
  /** Why it cannot be used, and what to do. */
  readonly failure: { readonly message: string; readonly hint: string | undefined } | undefined;
}

/** What came of reading the configuration file. */
export function checkConfiguration({ path, failure }: ReadConfiguration): Found {
  if (failure) return wrong(failure.message, failure.hint ?? "repair it; docs/configuration.md says what it takes");
  if (path === undefined) return good("there is none, and none is needed");
  return good(JSON.stringify(path));
}
