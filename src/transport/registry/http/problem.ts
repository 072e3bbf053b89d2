import { type ErrorCode, OciEncError } from "../../../errors.js";
import { bounded } from "./redact.js";
import { isPassing } from "./retry.js";

/** The parts of a registry's answer that an error is made of. */
export interface FailedAnswer {
  readonly status: number;
  /** As it may be shown. */
  readonly url: string;
  /** The first bytes of the body. */
  readonly body: Uint8Array;
}

/** What was asked for, where that decides what an answer means. `write`: a manifest under a tag or its digest. */
export type Asked = "upload" | "write" | "deletion" | undefined;

/** The `reason` in the context of a CONFLICT: the registry does not replace what a tag names, however often it is asked. */
export const immutableTag = "immutable tag";

/** One entry of a registry's `{"errors": […]}`. Distribution-spec, "error codes". */
interface RegistryProblem {
  /** Empty where it has none. */
  readonly code: string;
  /** The message, and what is told in detail. */
  readonly message: string;
}

/**
 * `what` failed because the registry said so: by its status NOT_FOUND, DENIED, CORRUPT, CONFLICT, UNSUPPORTED where it
 * refuses and would refuse again, or UNAVAILABLE.
 */
export function problem(answer: FailedAnswer, what: string, asked?: Asked): OciEncError {
  const said = readProblems(answer.body);
  const reasons = said.map(({ code, message }) => bounded([code, message].filter(Boolean).join(": "))).join("; ");
  const code = codeOf(answer.status, said, asked);
  const keepsTag = code === "CONFLICT" && refusesToReplace(answer.status, said);
  return new OciEncError(code, `${what}: ${answer.status}${reasons ? ` ${reasons}` : ""}`, {
    hint: keepsTag ? keepsTagHint : hintFor({ code, status: answer.status, said, asked }),
    context: { status: answer.status, url: answer.url, ...(keepsTag ? { reason: immutableTag } : {}) },
  });
}

/** An error page of a proxy or of an object store says nothing: its status is all there is. */
function readProblems(body: Uint8Array): readonly RegistryProblem[] {
  const text = Buffer.from(body).toString("utf8").trim();
  if (text === "" || text.startsWith("<") || text.includes("\0")) return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [{ code: "", message: text.split("\n", 1)[0] ?? "" }];
  }
  const errors = read(value, "errors");
  if (!Array.isArray(errors))
    return [{ code: "", message: member(value, "message") || member(value, "error") }].filter(says);
  return errors.slice(0, 5).map((entry: unknown) => {
    const [code, message] = [member(entry, "code"), member(entry, "message")];
    const told = [message, detailOf(entry)].filter(Boolean).join(": ");
    return { code: code || (told ? "" : "UNKNOWN"), message: told };
  });
}

function says({ message }: RegistryProblem): boolean {
  return message !== "";
}

/** Nexus tells the reason in `detail`, Artifactory in its `description`. */
function detailOf(entry: unknown): string {
  return member(entry, "detail") || member(read(entry, "detail"), "description");
}

function member(entry: unknown, key: string): string {
  const value = read(entry, key);
  return typeof value === "string" ? value : "";
}

function read(entry: unknown, key: string): unknown {
  return typeof entry === "object" && entry !== null ? Reflect.get(entry, key) : undefined;
}

function codeOf(status: number, said: readonly RegistryProblem[], asked: Asked): ErrorCode {
  if (asked === "write" && (status === 409 || refusesToReplace(status, said))) return "CONFLICT";
  if ([401, 402, 403, 451].includes(status) || has(said, /^(?:DENIED|UNAUTHORIZED|REGISTRY_DISALLOWED_OPERATION)$/))
    return "DENIED";
  if (status === 404 || status === 410) return "NOT_FOUND";
  if (status === 412 && asked !== undefined) return "CONFLICT";
  if (status < 500 && has(said, refusedContent)) return "CORRUPT";
  const final = status === 501 || (status >= 400 && status < 500 && !isPassing(status));
  return final ? "UNSUPPORTED" : "UNAVAILABLE";
}

/** That a tag stays as it is: by the words of those that have no code for it. docs/registries.md has them. */
function refusesToReplace(status: number, said: readonly RegistryProblem[]): boolean {
  if (status === 500) return said.some(({ code, message }) => /immutab/i.test(`${code} ${message}`));
  if (status < 400 || status >= 500 || isPassing(status)) return false;
  return (
    has(said, /^(?:TAG_INVALID|REGISTRY_DISALLOWED_OPERATION)$/) ||
    said.some(({ code, message }) => replacing.test(`${code} ${message}`))
  );
}

const replacing =
  /immutab|overwrit|already[ _]?exist|redeploy|\b(?:locked|protected)\b|(?:not|n't) (?:be |allow |allowed |to )*(?:updat|modif|replac|chang)/i;

const keepsTagHint = "the registry does not let this tag be moved: choose another tag, or ask who runs it";

interface Failure {
  readonly code: ErrorCode;
  readonly status: number;
  readonly said: readonly RegistryProblem[];
  readonly asked: Asked;
}

function hintFor({ code, status, said, asked }: Failure): string | undefined {
  if (code === "DENIED") return "log in with `oci-enc login`, or check that this user may do this there";
  if (code === "CONFLICT") return "another writer has changed it: look at it, and start again";
  if (code === "NOT_FOUND" && (asked === "upload" || asked === "write")) {
    return "the repository or its project is not there, and not every registry makes one by itself: make it first, or check the name";
  }
  if (has(said, refusedManifest))
    return "the registry lacks a blob, or does not take what the manifest says of one: its type or its URLs, for example";
  if (status === 429) return "the registry limits the rate: wait, log in, or lower --parallel";
  if (isPassing(status)) return "the registry or something before it has trouble: try again later";
  if (status === 413) return tooLargeHint(asked);
  if (asked === "write") return refusedWriteHint(status);
  if (code === "UNSUPPORTED" && asked === "deletion")
    return "it may be turned off there: delete the image by the web page or the tools of the registry";
  return undefined;
}

function refusedWriteHint(status: number): string | undefined {
  if (status === 405) return "the registry may be read-only, or the tag locked: choose another tag, or ask who runs it";
  if (![400, 406, 415].includes(status)) return undefined;
  return "the registry may accept Docker's media types only, and an encrypted image has those of OCI: use a newer registry, or change its settings";
}

function tooLargeHint(asked: Asked): string {
  const what = "the registry or a proxy before it limits the size of a request";
  return asked === "upload" ? `${what}: try --chunk-size with fewer bytes` : what;
}

const refusedManifest = /^MANIFEST_(?:INVALID|BLOB_UNKNOWN)$/;
const refusedContent = /^(?:DIGEST|SIZE|MANIFEST)_INVALID$|^MANIFEST_BLOB_UNKNOWN$/;

function has(said: readonly RegistryProblem[], pattern: RegExp): boolean {
  return said.some(({ code }) => pattern.test(code));
}
