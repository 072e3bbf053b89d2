import { failureLines, oneLine } from "../../decoder/failure.js";
import { machineFailure, OciEncError } from "../../errors.js";
import type { ProgressEvent } from "../../progress.js";
import { judgeImage } from "./judge.js";
import { readVerifierRules } from "./read-rules.js";
import { readRequest, type VerifierCall } from "./request.js";

/** How this process is to serve as an image verifier. */
export interface VerifierOptions extends VerifierCall {
  /** The file of rules. Undefined: the usual one. */
  readonly config: string | undefined;
  /** What containerd writes. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Lines for containerd's log. */
  readonly log: (lines: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Whether an image may be pulled, and why, in one line. */
export interface Verdict {
  readonly allowed: boolean;
  readonly reason: string;
}

/**
 * Judges the image that containerd asks about. Never throws: whatever keeps it from a verdict, time that runs out and a bug
 * included, is a refusal with its reason.
 */
export async function runVerifier(options: VerifierOptions): Promise<Verdict> {
  try {
    const rules = await readVerifierRules(options.config);
    const timer = new AbortController();
    using expired = expiring(timer, rules.timeout);
    const signal = AbortSignal.any([timer.signal, ...(options.signal ? [options.signal] : [])]);
    const judged = async () => {
      const request = readRequest(options, await readInput(options.input));
      return await judgeImage(request, rules, { signal, progress: (event) => tell(event, options.log) });
    };
    return { allowed: true, reason: line(await Promise.race([judged(), expired.failure])) };
  } catch (error) {
    options.log(failureLines(error));
    return { allowed: false, reason: line(reasonOf(error)) };
  }
}

/** `kubectl describe` shows it whole. */
const reasonLimit = 1000;

function line(text: string): string {
  return oneLine(text).slice(0, reasonLimit);
}

function reasonOf(thrown: unknown): string {
  const error = machineFailure(thrown);
  if (error === undefined)
    return "oci-enc has a bug, and so refuses the image: see containerd's log at the level debug";
  const silent = error.code === "UNAVAILABLE" ? "no verdict without the registry: " : "";
  return `${silent}${error.message}${error.hint === undefined ? "" : `; ${error.hint}`}`;
}

/** Ends all that is still going on, which would then throw that it was interrupted. */
function expiring(timer: AbortController, milliseconds: number): Disposable & { readonly failure: Promise<never> } {
  let timeout: NodeJS.Timeout | undefined;
  const failure = new Promise<never>((_, reject) => {
    timeout = setTimeout(() => {
      reject(
        new OciEncError("UNAVAILABLE", `nothing was decided in ${milliseconds / 1000} seconds (timeout-seconds)`, {
          hint: "see whether the registry answers; containerd's per_verifier_timeout has to be longer",
        }),
      );
      timer.abort();
    }, milliseconds);
  });
  return { failure, [Symbol.dispose]: () => clearTimeout(timeout) };
}

/** A descriptor is some hundred bytes long. */
const inputLimit = 1024 * 1024;

async function readInput(input: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of input) {
    size += chunk.length;
    if (size > inputLimit) throw new OciEncError("CORRUPT", `standard input has more than ${inputLimit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tell(event: ProgressEvent, log: (lines: string) => void): void {
  if (event.type === "warning") log(`${event.code}: ${oneLine(event.message)}\n`);
  if (event.type === "waiting" || event.type === "debug") log(`${oneLine(event.message)}\n`);
}
