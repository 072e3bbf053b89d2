import { type ErrorCode, OciEncError } from "../../errors.js";
import { bounded } from "./redact.js";
import { isPassing } from "./retry.js";

/** The parts of a registry's answer that an error is made of. */
export interface FailedAnswer {
  readonly status: number;
  /** As it may be shown. */
  readonly url: string;
  /** The beginning of the body. */
  readonly body: Uint8Array;
}

/** One entry of a registry's `{"errors": […]}`. Distribution-spec, "error codes". */
interface RegistryProblem {
  readonly code: string;
  readonly message: string;
}

/** `what` failed because the registry said so: NOT_FOUND, DENIED, UNAVAILABLE, CORRUPT or UNSUPPORTED by its status. */
export function problem(answer: FailedAnswer, what: string): OciEncError {
  const said = readProblems(answer.body);
  const reasons = said.map(({ code, message }) => bounded(message ? `${code}: ${message}` : code)).join("; ");
  const code = codeOf(answer.status, said);
  return new OciEncError(code, `${what}: ${answer.status}${reasons ? ` ${reasons}` : ""}`, {
    hint: hintFor(code, answer.status, said),
    context: { status: answer.status, url: answer.url },
  });
}

function readProblems(body: Uint8Array): readonly RegistryProblem[] {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return []; // An error page of a proxy. Its status is all there is to say.
  }
  const errors = typeof value === "object" && value !== null && "errors" in value ? value.errors : undefined;
  if (!Array.isArray(errors)) return [];
  return errors
    .slice(0, 5)
    .map((entry: unknown) => ({ code: member(entry, "code") || "UNKNOWN", message: member(entry, "message") }));
}

function member(entry: unknown, key: string): string {
  const value: unknown = typeof entry === "object" && entry !== null ? Reflect.get(entry, key) : undefined;
  return typeof value === "string" ? value : "";
}

function codeOf(status: number, said: readonly RegistryProblem[]): ErrorCode {
  if (status === 401 || status === 403) return "DENIED";
  if (said.some(({ code }) => code === "DENIED" || code === "UNAUTHORIZED")) return "DENIED";
  if (status === 404 || status === 410) return "NOT_FOUND";
  if (status === 405 || status === 501 || status === 415) return "UNSUPPORTED";
  if (status === 412) return "CONFLICT";
  return status < 500 && says(said, refusedContent) ? "CORRUPT" : "UNAVAILABLE";
}

function hintFor(code: ErrorCode, status: number, said: readonly RegistryProblem[]): string | undefined {
  if (code === "DENIED") return "log in with `oci-enc login`, or check that this user may do this there";
  if (says(said, refusedManifest))
    return "the registry lacks a blob, or does not take what the manifest says of one: its URLs, for example";
  if (status === 429) return "the registry limits the rate: wait, log in, or lower --parallel";
  if (isPassing(status)) return "the registry or something before it has trouble: try again later";
  if (status === 413) return "the registry or a proxy before it limits the size of uploads";
  return undefined;
}

const refusedManifest = /^MANIFEST_(?:INVALID|BLOB_UNKNOWN)$/;
const refusedContent = /^(?:DIGEST|SIZE|MANIFEST)_INVALID$|^MANIFEST_BLOB_UNKNOWN$/;

function says(said: readonly RegistryProblem[], pattern: RegExp): boolean {
  return said.some(({ code }) => pattern.test(code));
}
