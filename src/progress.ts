import type { Descriptor } from "./oci/descriptor.js";

/** The stable names of warnings, for programs that filter them. */
export type WarningCode =
  | "ATTACHMENT_IGNORED"
  | "ATTACHMENT_DROPPED"
  | "ATTESTATION_IN_CLEAR"
  | "BASE_REFUSED"
  | "CERTIFICATE_EXPIRED"
  | "CERTIFICATE_KEY_USAGE"
  | "CONTENT_IDENTIFIED"
  | "CONFIG_SECRET"
  | "DATA_WRONG"
  | "DIGEST_NOT_CHECKED"
  | "DIGEST_NOT_RESTORED"
  | "LAYER_KEPT"
  | "LOCK_HELD"
  | "NOT_REVOKED"
  | "OAEP_SHA1"
  | "PASSPHRASE_VISIBLE"
  | "PASSWORD_VISIBLE"
  | "PLAIN_BLOBS_KEPT"
  | "PLAIN_BLOBS_REMOVED"
  | "PLATFORM_ABSENT"
  | "PLATFORM_CHOSEN"
  | "PLATFORM_KEPT"
  | "POLICY_IGNORED"
  | "RECOMPRESSED"
  | "REUSE_REFUSED"
  | "SHARED_LAYER_PLAIN"
  | "IMAGE_CLASS"
  | "SIGNATURES_STRANDED"
  | "IMAGE_DAMAGED"
  | "KEY_IGNORED"
  | "KEY_WEAK"
  | "DEVICE_NOT_MADE"
  | "ENTRY_IGNORED"
  | "ENTRY_REPEATED"
  | "OWNER_NOT_KEPT"
  | "TREE_CLOSED"
  | "UNPACKED_PLAIN"
  | "XATTR_NOT_KEPT"
  | "NO_USER_NAMESPACE"
  | "PLAIN_ON_DISK"
  | "VOLUME_IGNORED"
  | "REGISTRY_WARNING"
  | "AUTH_FILE_MODE"
  | "TAG_DIFFERS"
  | "UNKNOWN_VARIABLE";

/** A blob that is going to move, and what it is in the image. */
export interface PlannedBlob {
  readonly blob: Descriptor;
  readonly action: "copy" | "encrypt" | "decrypt" | "rekey" | "unpack" | "verify";
  /** `other`: it belongs to an attachment or attestation, or an index lists it itself. */
  readonly part: "layer" | "config" | "other";
  /** Of a layer: its number from the bottom. Several manifests may share it; this is where the first one has it. */
  readonly index?: number | undefined;
  /** Of the first manifest that has it: `linux/arm64/v8`. */
  readonly platform?: string | undefined;
}

/** What the library has to say while it works. */
export type ProgressEvent =
  /** All that is going to move, before its first byte. Comes again where more is found later, and then for that alone. */
  | {
      readonly type: "planned";
      readonly blobs: number;
      readonly bytes: number;
      readonly parts: readonly PlannedBlob[];
    }
  | { readonly type: "started"; readonly blob: Descriptor; readonly action: "copy" | "rewrite" }
  /** So many bytes of the blob since it was last started. */
  | { readonly type: "moved"; readonly blob: Descriptor; readonly bytes: number }
  | { readonly type: "finished"; readonly blob: Descriptor; readonly as: Descriptor }
  | { readonly type: "skipped"; readonly blob: Descriptor; readonly why: "present" | "mounted" | "no key" }
  | { readonly type: "manifest"; readonly manifest: Descriptor }
  /** Of the images that a short name may mean, this one is not there, and the next one is tried. */
  | { readonly type: "absent"; readonly reference: string; readonly message: string }
  /** Another host, program or process keeps us waiting; a sentence. */
  | { readonly type: "waiting"; readonly message: string }
  | { readonly type: "warning"; readonly code: WarningCode; readonly message: string }
  | { readonly type: "debug"; readonly area: string; readonly message: string };

/** Called, never awaited; must not throw. The library speaks by no other way. */
export type Progress = (event: ProgressEvent) => void;

/** Milliseconds after which it is said that another program or host keeps us waiting; again when it has been twice as long. */
export const noticeAfter = 10_000;

/** Says now and then that `what` is waited for, until it is disposed of. */
export function noticeWaiting(what: string, progress: Progress | undefined, first: number = noticeAfter): Disposable {
  let timer: NodeJS.Timeout;
  const wait = (milliseconds: number, waited: number) => {
    timer = setTimeout(() => {
      progress?.({ type: "waiting", message: `no answer from ${what} for ${(waited + milliseconds) / 1000} s` });
      wait(waited + milliseconds, waited + milliseconds);
    }, milliseconds).unref();
  };
  wait(first, 0);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
