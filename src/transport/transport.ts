import type { GrowthLimits } from "../bytes/budget.js";
import type { ByteStream } from "../bytes/byte-stream.js";
import { OciEncError } from "../errors.js";
import type { ContentId, Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { ImageName } from "../oci/image-name.js";
import type { Progress } from "../progress.js";
import type { RegistryOptions } from "./registry-options.js";

/** One image, or one set of images, opened for reading. */
export interface ImageSource extends AsyncDisposable {
  /** For people: the reference as it was understood, `oci:/srv/images:app`. Holds no credentials. */
  readonly name: string;
  /** Where the blobs live, without the image's own name. Two ends with the same place share their blobs. */
  readonly place: string;
  /** What the reference names: a manifest or an index. NOT_FOUND when it names nothing. */
  resolve(): Promise<Descriptor>;
  /** A manifest or index whole: its size limited, its size and digest checked (CORRUPT). */
  manifest(descriptor: Descriptor): Promise<Uint8Array>;
  /** A blob's raw bytes from offset `from` on, unchecked: the engine puts `verifying` behind every call. */
  blob(descriptor: Descriptor, from?: number): ByteStream;
  /**
   * What lies beside the image, may be plain and is named by nothing, each as a phrase: what killed commands left, and blobs
   * of the digests `plain`. Absent: that cannot be known here. Changes nothing.
   */
  leftovers?(plain: readonly Digest[]): Promise<readonly string[]>;
  /** How often a blob from here is worth another try after a failure that may pass; absent: failures here do not pass. */
  readonly retries?: number;
}

/** A blob about to be stored. */
export interface Upload {
  readonly bytes: ByteStream;
  readonly size: number;
  /** Known when the bytes pass unchanged; undefined when they are being rewritten. */
  readonly digest: Digest | undefined;
  /** What the target said it holds already ({@link ResumingTarget}): `bytes` begins with it, and it need not be written. */
  readonly begun?: number | undefined;
  /** The content was encrypted where it came from, and is not any more. Only their owner can read files of it. */
  readonly decrypted?: boolean | undefined;
  /** The digest to store under. Throws a plain Error until `bytes` has been drained. */
  sum(): ContentId;
}

/** What a commit requires, and what it may leave out. */
export interface CommitOptions {
  /** CONFLICT when the reference names something else at that moment. Undefined: whatever it names is replaced. */
  readonly expect?: Digest | undefined;
  /** Blobs that nothing should need any more once the reference has moved. A target that cannot tell ignores them. */
  readonly obsolete?: readonly Descriptor[];
  /** Manifests that the image names, and that were not where it comes from: it counts as complete without them. */
  readonly absent?: readonly Digest[];
}

/** What was done with the obsolete blobs. */
export interface Committed {
  readonly removed: readonly Descriptor[];
  readonly kept: readonly KeptBlob[];
}

/** A blob that is still there. */
export interface KeptBlob<T extends ContentId = Descriptor> {
  readonly blob: T;
  readonly why: string;
  /** It should have been removed, and the system did not allow it. */
  readonly failed?: true;
}

/** LOCAL_IO for the blobs that the system did not allow to remove; undefined when there is none. `place` is where they are. */
export function removalFailure(kept: readonly KeptBlob<ContentId>[], place: string): OciEncError | undefined {
  const failed = kept.filter((entry) => entry.failed);
  const [first] = failed;
  if (first === undefined) return undefined;
  const digests = failed.map(({ blob }) => blob.digest).join(", ");
  return new OciEncError(
    "LOCAL_IO",
    `blobs that were to go, and may be plain, are still in ${place} (${digests}): ${first.why}`,
    {
      hint: "the next command that writes there tries again; or remove them by hand",
    },
  );
}

/** A place being written. Nothing is visible under the reference before `commit`. */
export interface ImageTarget extends AsyncDisposable {
  readonly name: string;
  readonly place: string;
  /** Undefined: anything. Else why an image of this kind cannot be kept here; asked before any byte moves. */
  refuses?(root: Descriptor, traits: ImageTraits): string | undefined;
  has(descriptor: Descriptor): Promise<boolean>;
  /** Takes the blob over without moving it. False: it could not, move it. Absent: it never can. */
  mount?(descriptor: Descriptor, source: Pick<ImageSource, "name" | "place">): Promise<boolean>;
  /** Drains `bytes` and keeps them under their sum. When `bytes` throws, nothing stays behind under that name. */
  put(upload: Upload): Promise<void>;
  /** Any manifest but the root; children come before their parents. */
  putManifest(descriptor: Descriptor, bytes: Uint8Array): Promise<void>;
  /** Stores the root and makes the reference name it: one request, or one rename, at the very end. */
  commit(root: Descriptor, bytes: Uint8Array, options?: CommitOptions): Promise<Committed>;
  /** As with a source: how often a failure to store a blob here is worth another try. */
  readonly retries?: number;
}

/** What a target may need to know of an image before it takes it. */
export interface ImageTraits {
  /** Some layer will be stored encrypted. */
  readonly encrypted: boolean;
  /** Signatures or other referrers are to go along. */
  readonly attached: boolean;
}

/** Whether an image may be read at all. */
export type PolicyGate = (root: Descriptor, image: RequestedImage) => Promise<void>;

/** An image as it was asked for, and where it was found. */
export interface RequestedImage {
  /** Before mirrors or links were followed. */
  readonly reference: string;
  readonly source: ImageSource;
  /** As in {@link EndpointOptions}. */
  readonly transports?: readonly TransportRow[] | undefined;
}

/** How one end is opened. */
export interface EndpointOptions {
  /** The local store's directory; default as in `defaultStore`. */
  readonly store?: string | undefined;
  /** For scratch files where a transport needs one; default the system's. */
  readonly tmpdir?: string | undefined;
  /** How much an archive may become when it is decompressed, and how many files it may have. */
  readonly limits?: GrowthLimits | undefined;
  /** Replace an archive file or fill a directory that exists already. */
  readonly force?: boolean | undefined;
  /** For a target: the name of the source, so that an image that is edited in place is not refused as existing. */
  readonly inPlaceOf?: string | undefined;
  /** For a target: it will be asked, and not written to, so that nothing is to be tidied there. */
  readonly dryRun?: boolean | undefined;
  /** For a target: the mode of files with content that was encrypted where it came from; default 0600. */
  readonly plainMode?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
  /** What only `docker://` asks for. Each end of a copy has its own. */
  readonly registry?: RegistryOptions | undefined;
  /** For a source: asked as soon as the reference is resolved; what it throws ends the work before anything else is read. */
  readonly gate?: PolicyGate | undefined;
  /** The transports that a reference may be of, for one of your own beside ours; default `transportRows`. */
  readonly transports?: readonly TransportRow[] | undefined;
}

/** A target that can give the image further names after `commit`. Found by {@link canTag}. */
export interface TaggingTarget {
  /** Makes `tag` name what `commit` has stored. USAGE when it is not a tag. */
  tag(tag: string, root: Descriptor, bytes: Uint8Array): Promise<void>;
}

/** The first bytes of a blob, left by a command that was interrupted. */
export interface PartialBlob {
  /** Bytes that are there; at most as many as the blob has. */
  readonly size: number;
  /** Those bytes, unchecked. */
  readonly bytes: ByteStream;
}

/** A target that keeps partial blobs, of blobs that pass unchanged, so that a later copy resumes. Found by {@link canResume}. */
export interface ResumingTarget {
  /** What is there of a blob that is not complete; undefined: nothing. It is this target's until its next `put` of the blob. */
  begun(descriptor: Descriptor): Promise<PartialBlob | undefined>;
}

/** Whether `target` keeps partial blobs. */
export function canResume(target: ImageTarget): target is ImageTarget & ResumingTarget {
  return "begun" in target;
}

/** Whether `target` can give further names. */
export function canTag(target: ImageTarget): target is ImageTarget & TaggingTarget {
  return "tag" in target;
}

/** One way of keeping images, loaded. */
export interface Transport {
  /** `locator` is what follows the prefix of a reference. */
  openSource(locator: string, options: EndpointOptions): Promise<ImageSource>;
  openTarget(locator: string, options: EndpointOptions): Promise<ImageTarget>;
}

/** All that anybody has to know of a transport before it is loaded. */
export interface TransportRow {
  /** How its references begin, the usual way first. Without any it is the transport of references that have no prefix. */
  readonly prefixes: readonly string[];
  /** How help names it in a list: `oci:`. */
  readonly title: string;
  /** How a reference is written, for hints: `oci:DIRECTORY[:NAME][@DIGEST]`. */
  readonly form: string;
  /** The files by which a path is known to hold images of this kind, for hints. Absent: it is no path. */
  readonly marks?: { readonly kind: "directory" | "archive"; readonly files: readonly string[] };
  /** A reference names an image, in Docker's grammar: rules for names apply. Else it names a path. */
  readonly named: boolean;
  /** Images are on another machine, where others get them by their tags: one is written over only on request. */
  readonly remote: boolean;
  /** `-` in place of a file is standard input and output. */
  readonly streams: boolean;
  /** It can keep encrypted layers. */
  readonly encrypted: boolean;
  /** It can keep signatures and other referrers beside an image. */
  readonly attachments: boolean;
  /** How a `policy.json` speaks of its images. */
  readonly policy: { readonly name: string; readonly scopes: PolicyScopes };
  load(): Promise<Transport>;
}

/** Which entries of a `policy.json` speak of the images of a transport: containers-policy.json(5). */
export interface PolicyScopes {
  /** The scopes of an image, the most specific one first, without the empty one, which speaks of all. `path` is absolute, without links. */
  of(image: { readonly name?: ImageName | undefined; readonly path?: string | undefined }): readonly string[];
  /** Whether a text other than the empty one can be a scope of this transport. */
  accepts(scope: string): boolean;
}
