/** Everything that can be expected to go wrong, and the status the command line then exits with. */
const exitStatus = {
  INTERNAL: 1,
  USAGE: 2,
  NOT_FOUND: 3,
  DENIED: 4,
  UNAVAILABLE: 5,
  CORRUPT: 6,
  KEY_MISMATCH: 7,
  UNTRUSTED: 8,
  UNSUPPORTED: 9,
  LOCAL_IO: 10,
  CONFLICT: 11,
  KEY_PROVIDER: 12,
  KEY_INVALID: 13,
  ABORTED: 130,
} as const;

/** A stable name for one kind of failure. Messages may improve; these do not change. */
export type ErrorCode = keyof typeof exitStatus;

/** What an {@link OciEncError} carries beside its code and message. */
export interface ErrorDetails {
  readonly cause?: unknown;
  /** What to try, as a sentence, for the person at the keyboard. */
  readonly hint?: string | undefined;
  /** Which end it happened at. The engine fills it in. */
  readonly side?: "source" | "target" | undefined;
  /** Whether doing the same again may help. */
  readonly retryable?: boolean;
  /** Where it happened, for programs: a reference, a digest, a layer's position. Never a secret. */
  readonly context?: Readonly<Record<string, string | number>>;
}

/** What {@link OciEncError.with} tells otherwise. */
export interface ErrorChanges extends ErrorDetails {
  readonly message?: string;
}

/** The one error class. Callers switch on `code`; an exception of any other class is a bug. */
export class OciEncError extends Error {
  override readonly name = "OciEncError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly side: "source" | "target" | undefined;
  readonly retryable: boolean;
  readonly context: Readonly<Record<string, string | number>>;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.hint = details.hint;
    this.side = details.side;
    this.retryable = details.retryable ?? false;
    this.context = details.context ?? {};
  }

  /** The same failure told otherwise. Whatever `changes` does not name stays as it is, the code always. */
  with(changes: ErrorChanges): OciEncError {
    const { hint, side, retryable, context } = this;
    const cause = "cause" in this ? { cause: this.cause } : {};
    const { message, ...details } = { message: this.message, ...cause, hint, side, retryable, context, ...changes };
    return new OciEncError(this.code, message, details);
  }

  /** The process's exit status for this failure. A signal's own (143, 129) is the command line's affair. */
  get exitStatus(): number {
    return exitStatus[this.code];
  }
}

/** Turns a failed system call into LOCAL_IO or NOT_FOUND; passes on what is an OciEncError already. */
export function ioError(error: unknown, what: string): OciEncError {
  if (error instanceof OciEncError) return error;
  const code = systemCode(error);
  if (code === undefined) throw error;
  if (code === "ABORT_ERR") return new OciEncError("ABORTED", "interrupted", { cause: error });
  const missing = code === "ENOENT" || code === "ENOTDIR";
  return new OciEncError(missing ? "NOT_FOUND" : "LOCAL_IO", `${what}: ${systemReasons.get(code) ?? code}`, {
    cause: error,
    hint: systemHints.get(code),
  });
}

/** `ENOENT` and its like; undefined when `error` is no failed system call. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && !(error instanceof OciEncError) ? code : undefined;
}

/**
 * What may be shown of an error that came from below: its code or name, and the system call that failed. Messages of
 * parsers and of other libraries quote what they were given, which may be a key, and those of system calls a path or host.
 */
export function shownMessage(error: Error): string {
  if (error instanceof OciEncError) return error.message;
  const code = systemCode(error) ?? error.name;
  return "syscall" in error && typeof error.syscall === "string" ? `${error.syscall} ${code}` : code;
}

const systemReasons: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file or directory"],
  ["ENOTDIR", "not a directory"],
  ["EISDIR", "is a directory"],
  ["EACCES", "permission denied"],
  ["EPERM", "operation not permitted"],
  ["EROFS", "the file system is read-only"],
  ["ENOSPC", "no space left on the device"],
  ["EDQUOT", "the disk quota is used up"],
  ["EMFILE", "too many open files"],
  ["ENFILE", "too many open files on this system"],
  ["EIO", "the device reports an input/output error"],
  ["ELOOP", "a symbolic link that is not followed"],
  ["EFBIG", "the file grows too large"],
  ["ENAMETOOLONG", "the name is too long"],
]);

const systemHints: ReadonlyMap<string, string> = new Map([
  ["ENOSPC", "free some space, or choose another place with --tmpdir or another target"],
  ["EDQUOT", "free some space, or choose another place with --tmpdir or another target"],
  ["EMFILE", "raise the limit (ulimit -n) or lower --parallel"],
  ["EACCES", "check the owner and the mode of the file and of the directories above it"],
]);
