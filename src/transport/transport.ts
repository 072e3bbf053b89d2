import type { ByteStream } from "../bytes/byte-stream.js";
import type { Descriptor, Sum } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { Progress } from "../progress.js";

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
  /** The digest to store under. Throws a plain Error until `bytes` has been drained. */
  sum(): Sum;
}

/** What a commit may insist on and what it may leave behind. */
export interface CommitOptions {
  /** CONFLICT when the reference names something else at that moment. Undefined: whatever it names is replaced. */
  readonly expect?: Digest | undefined;
  /** Blobs that nothing should need any more once the reference has moved. A target that cannot tell ignores them. */
  readonly obsolete?: readonly Descriptor[];
}

/** What became of the blobs named obsolete. */
export interface Committed {
  readonly removed: readonly Descriptor[];
  /** Still there, and for what reason. */
  readonly kept: readonly { readonly blob: Descriptor; readonly why: string }[];
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
  /** Some layer will be stored sealed. */
  readonly encrypted: boolean;
}

/** Asked per host, so that both ends of a copy can share one set. */
export interface EndpointOptions {
  /** The local store's directory; default as in `defaultStore`. */
  readonly store?: string | undefined;
  /** For scratch files where a transport needs one; default the system's. */
  readonly tmpdir?: string | undefined;
  /** Replace an archive file or fill a directory that exists already. */
  readonly force?: boolean | undefined;
  /** For a target: the name of the source, so that an image that is edited in place is not refused as existing. */
  readonly inPlaceOf?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
  /** What only `docker://` asks for. Each end of a copy has its own. */
  readonly registry?: RegistryOptions | undefined;
}

/** How to speak to a registry, and as whom. */
export interface RegistryOptions {
  /** Who one is. Undefined: what the files of docker and podman say, as in `authFile`. */
  readonly keychain?: Keychain | undefined;
  /** For the registry that the reference names, and no other; the keychain is then not asked about it. */
  readonly credentials?: Credentials | undefined;
  /** The only file of credentials to read. Undefined: `REGISTRY_AUTH_FILE`, else the usual places of podman and docker. */
  readonly authFile?: string | undefined;
  /** For the registry that the reference names; never for a mirror of it or another host that it sends us to. */
  readonly host?: HostSettings | undefined;
  /** The registries.conf to read. Undefined: `CONTAINERS_REGISTRIES_CONF`, else the user's, else the system's. */
  readonly registriesConf?: string | undefined;
  /** How often a request that may be repeated is repeated; default 5. */
  readonly retryTimes?: number | undefined;
  /** Requests that wait for their answer at once, for each host; default 8. A 429 lowers it for a while. */
  readonly parallel?: number | undefined;
  readonly timeouts?: RegistryTimeouts | undefined;
}

/** How one host is reached. */
export interface HostSettings {
  /** Speak HTTP, credentials included. */
  readonly plainHttp?: boolean | undefined;
  /** False: take any certificate, and HTTP without credentials where the host speaks no TLS. Default true. */
  readonly verifyTls?: boolean | undefined;
  /** A directory of `*.crt`, `*.cert` and `*.key` in place of the `certs.d` directories. */
  readonly certificateDirectory?: string | undefined;
  /** PEM; trusted beside the usual authorities, for this host and where it sends us. */
  readonly certificateAuthority?: Uint8Array | undefined;
  /** PEM; shown to a host that asks for it, together with `clientKey`. */
  readonly clientCertificate?: Uint8Array | undefined;
  readonly clientKey?: Uint8Array | undefined;
}

/** Milliseconds. */
export interface RegistryTimeouts {
  /** Until the connection stands, TLS included; default 15 s. */
  readonly connect?: number | undefined;
  /** Until an answer begins; default 60 s, and five minutes where a blob is being stored. */
  readonly response?: number | undefined;
  /** Between two pieces of a blob; default 60 s. */
  readonly idle?: number | undefined;
  /** Until a manifest, a token or a list is there whole; default 60 s. */
  readonly document?: number | undefined;
}

/** Who one is at a registry. */
export interface Keychain {
  /** Undefined: nobody in particular. `repository` lets one host know several. */
  credentials(host: string, repository?: string): Promise<Credentials | undefined>;
}

/** A user name with its password; a refresh token (OAuth2); or a bearer token that is sent as it is. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  | { readonly kind: "identity-token"; readonly token: string }
  | { readonly kind: "registry-token"; readonly token: string };

/** A source that knows what refers to its manifests: signatures, attestations. Found by {@link canListReferrers}. */
export interface ReferrersSource {
  /** Descriptors of the manifests whose `subject` is `subject`; `artifactType` picks among them. Empty when there is none. */
  referrers(subject: Digest, artifactType?: string): Promise<readonly Descriptor[]>;
}

/** A target that can give the image further names after `commit`. Found by {@link canTag}. */
export interface TaggingTarget {
  /** Makes `tag` name what `commit` has stored. USAGE when it is no tag. */
  tag(tag: string, root: Descriptor, bytes: Uint8Array): Promise<void>;
}

/** The beginning of a blob, left by a run that broke off. */
export interface BegunBlob {
  /** Bytes that are there; at most as many as the blob has. */
  readonly size: number;
  /** Those bytes, unchecked. */
  readonly bytes: ByteStream;
}

/** A target that keeps the beginnings of blobs which pass unchanged. Found by {@link canResume}. */
export interface ResumingTarget {
  /** What is there of a blob that `has` denies; undefined: nothing. It is this target's until its next `put` of the blob. */
  begun(descriptor: Descriptor): Promise<BegunBlob | undefined>;
}

/** Whether `target` keeps the beginnings of blobs. */
export function canResume(target: ImageTarget): target is ImageTarget & ResumingTarget {
  return "begun" in target;
}

/** Whether `source` can list referrers. */
export function canListReferrers(source: ImageSource): source is ImageSource & ReferrersSource {
  return "referrers" in source;
}

/** Whether `target` can give further names. */
export function canTag(target: ImageTarget): target is ImageTarget & TaggingTarget {
  return "tag" in target;
}

/** One way of keeping images. */
export interface Transport {
  readonly scheme: string;
  openSource(locator: string, options: EndpointOptions): Promise<ImageSource>;
  openTarget(locator: string, options: EndpointOptions): Promise<ImageTarget>;
}
