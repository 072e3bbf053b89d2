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
  const [reason = code, hint] = systemReasons.get(code) ?? [];
  return new OciEncError(missing ? "NOT_FOUND" : "LOCAL_IO", `${what}: ${reason}`, { cause: error, hint });
}

/**
 * LOCAL_IO for what the machine did to a program that did not expect it: a system call that failed, memory or a thread that
 * was not to be had, a part of the installation that cannot be loaded. Undefined when that is not what was thrown.
 */
export function machineFailure(thrown: unknown): OciEncError | undefined {
  if (thrown instanceof OciEncError) return thrown;
  if (!(thrown instanceof Error)) return undefined;
  const [what = shownMessage(thrown), hint = generalHint] = machineReason(thrown) ?? [];
  const isSystemCall = /^E[A-Z0-9]+$/.test(systemCode(thrown) ?? "") || "errno" in thrown;
  if (machineReason(thrown) === undefined && !isSystemCall) return undefined;
  const message = `this machine does not let oci-enc go on: ${what}`;
  return new OciEncError("LOCAL_IO", message, { cause: thrown, hint });
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

type Reason = readonly [text: string, hint?: string];

function machineReason(error: Error): Reason | undefined {
  if ("syscall" in error && error.syscall === "uv_cwd") return noDirectory;
  // V8 gives no code to this one.
  if (error instanceof RangeError && /allocation failed/i.test(error.message)) return noMemory;
  const code = systemCode(error) ?? "";
  return systemReasons.get(code) ?? machineReasons.get(code);
}

const generalHint = "see whether the disk, the limits (ulimit -a) and the permissions of this machine allow it";
const roomHint = "free some space, or choose another place with --tmpdir or another target";
const descriptorHint = "raise the limit (ulimit -n 256 is plenty) or lower --parallel";
const installationHint = "see whether the installation is whole and can be read; installing it again may help";
const noDirectory: Reason = [
  "the current directory is not there any more, or cannot be read",
  "change to one that is there",
];
const noMemory: Reason = ["not enough memory", "end other programs, or raise the limit (ulimit -v, the container's)"];
const noThread: Reason = [
  "no thread can be started",
  "raise the limits on processes and memory (ulimit -u, ulimit -v)",
];

/** What failed system calls mean to a person, and what to try. */
const systemReasons: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ["ENOENT", ["no such file or directory"]],
  ["ENOTDIR", ["not a directory"]],
  ["EISDIR", ["is a directory"]],
  ["EACCES", ["permission denied", "check the owner and the mode of the file and of the directories above it"]],
  ["EPERM", ["operation not permitted"]],
  ["EROFS", ["the file system is read-only", "mount it for writing, or choose another place"]],
  ["ENOSPC", ["no space left on the device", roomHint]],
  ["EDQUOT", ["the disk quota is used up", roomHint]],
  ["EMFILE", ["too many open files", descriptorHint]],
  ["ENFILE", ["too many open files on this system", "end other programs, or raise fs.file-max"]],
  ["EIO", ["the device reports an input/output error", "see what the kernel says of the device (dmesg)"]],
  ["EBUSY", ["it is in use, or something is mounted there"]],
  ["ELOOP", ["a symbolic link that is not followed"]],
  ["EFBIG", ["the file grows too large", "raise the limit (ulimit -f), or choose another file system"]],
  ["ENAMETOOLONG", ["the name is too long"]],
  ["EMLINK", ["too many links"]],
  ["ESTALE", ["the file is gone from the server", "mount the file system again, and try again"]],
  ["ENOMEM", noMemory],
  ["EAGAIN", ["no more processes, threads or locks can be had now", "raise the limit (ulimit -u), or try again"]],
]);

/** What Node calls by names of its own. */
const machineReasons: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ["ERR_WORKER_INIT_FAILED", noThread],
  ["ERR_WORKER_OUT_OF_MEMORY", noMemory],
  ["ERR_MEMORY_ALLOCATION_FAILED", noMemory],
  ["Z_MEM_ERROR", noMemory],
  ["ERR_DLOPEN_FAILED", ["a native module cannot be loaded", installationHint]],
  ["MODULE_NOT_FOUND", ["a part of it cannot be found", installationHint]],
  ["ERR_MODULE_NOT_FOUND", ["a part of it cannot be found", installationHint]],
]);
