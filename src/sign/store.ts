import { readAll } from "../bytes/read-all.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { type ImageManifest, manifestLimit, parseManifest } from "../oci/manifest.js";
import { type AttachmentSource, attachmentsOf, digestTagName } from "../transport/attachments.js";
import type { ImageSource } from "../transport/transport.js";
import { type SignatureLayer, signatureLayers, signatureRank } from "./referrer-form.js";
import type { Signature } from "./signature.js";
import { payloadLimit } from "./simple-signing/payload.js";
import { storedSignature } from "./simple-signing/stored.js";

/** What is kept beside a manifest. Nothing of it has been checked. */
export interface FoundSignatures {
  readonly signatures: readonly Signature[];
  /** What should be a signature, or should hold some, and could not be read. The others are listed all the same. */
  readonly broken: readonly BrokenSignature[];
}

/** A list of signatures, or one of them, that could not be read. */
export interface BrokenSignature {
  /** As in {@link Signature}. */
  readonly where: string;
  readonly failure: OciEncError;
}

/** The most signatures that are read in each of the three ways of keeping them. */
const candidateLimit = 128;
/** The most bytes of their content, in each of those ways. */
const totalLimit = 64 * 1024 * 1024;

/**
 * The signatures of `subject` beside the image of `source`: in cosign's digest tag, in referrers, as simple-signing
 * messages. Bounded, as `signing-and-policy.md` 1.6 says, and by digest only. What cannot be read, or exceeds a limit, is
 * in `broken`. Throws ABORTED, and what is wrong with the files that say where to look. A source that cannot have
 * signatures has none.
 */
export async function listSignatures(source: ImageSource, subject: Digest): Promise<FoundSignatures> {
  const attachments = attachmentsOf(source);
  if (!attachments) return { signatures: [], broken: [] };
  await attachments.readPlaces?.();
  const ways = [inDigestTag, inReferrers, inMessages];
  const found: FoundSignatures[] = [];
  for (const way of ways) {
    const search = new Search(attachments, subject);
    await way(search);
    found.push(search);
  }
  return { signatures: found.flatMap((one) => one.signatures), broken: found.flatMap((one) => one.broken) };
}

/** One way of keeping signatures, being looked through. */
class Search implements FoundSignatures {
  readonly source: ImageSource & AttachmentSource;
  readonly subject: Digest;
  readonly signatures: Signature[] = [];
  readonly broken: BrokenSignature[] = [];
  #bytes = 0;

  constructor(source: ImageSource & AttachmentSource, subject: Digest) {
    this.source = source;
    this.subject = subject;
  }

  /** Runs one step. Its failure is recorded, and the search goes on. */
  async attempt<T>(where: string, step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof OciEncError) || error.code === "ABORTED") throw error;
      this.broken.push({ where, failure: unreadable(error) });
      return undefined;
    }
  }

  /** The first ones, up to the limit. That there are more is recorded. */
  bounded<T>(items: readonly T[], where: string): readonly T[] {
    if (items.length > candidateLimit) {
      const message = `${items.length} are too many: only ${candidateLimit} are looked at`;
      this.broken.push({ where, failure: new OciEncError("UNTRUSTED", message) });
    }
    return items.slice(0, candidateLimit);
  }

  async manifest(descriptor: Descriptor): Promise<ImageManifest | undefined> {
    if (descriptor.size > manifestLimit) {
      throw new OciEncError(
        "CORRUPT",
        `${descriptor.digest} has ${descriptor.size} bytes; ${manifestLimit} are allowed`,
      );
    }
    const manifest = parseManifest(await this.source.manifest(descriptor), descriptor.mediaType);
    return manifest.kind === "manifest" ? manifest : undefined;
  }

  async layer({ format, layer, annotations }: SignatureLayer, where: string, referrer?: Digest): Promise<void> {
    await this.attempt(where, async () => {
      this.#spend(layer.size);
      const content = await readAll(this.source.blob(layer), layer, payloadLimit);
      this.signatures.push({ format, subject: this.subject, content, annotations, where, referrer });
    });
  }

  async message(stored: Uint8Array, where: string): Promise<void> {
    await this.attempt(where, async () => {
      this.#spend(stored.length);
      this.signatures.push(storedSignature(stored, this.subject, where));
    });
  }

  #spend(size: number): void {
    if (size > payloadLimit) throw new OciEncError("CORRUPT", `it has ${size} bytes; ${payloadLimit} are allowed`);
    if (this.#bytes + size > totalLimit) {
      throw new OciEncError("UNTRUSTED", `not looked at, as those before it have ${this.#bytes} bytes already`);
    }
    this.#bytes += size;
  }
}

async function inDigestTag(search: Search): Promise<void> {
  const tag = digestTagName(search.subject, "sig");
  await search.attempt(tag, async () => {
    const descriptor = await search.source.digestTag(search.subject, "sig");
    if (!descriptor) return;
    const manifest = await search.manifest(descriptor);
    if (!manifest) throw new OciEncError("CORRUPT", "an index stands where signatures are expected");
    if (manifest.layers.length === 0) throw new OciEncError("CORRUPT", "it has no layers, and so no signature");
    for (const [index, layer] of search.bounded(manifest.layers, tag).entries()) {
      await lookAtLayer(search, { manifest, layer, where: `${tag}, layer ${index + 1}` });
    }
  });
}

/** A layer under the tag for signatures that is not one is recorded with its type. */
async function lookAtLayer(
  search: Search,
  { manifest, layer, where }: { readonly manifest: ImageManifest; readonly layer: Descriptor; readonly where: string },
): Promise<void> {
  await search.attempt(where, async () => {
    const [signature] = signatureLayers({ ...manifest, layers: [layer] });
    if (signature) return await search.layer(signature, where);
    const type = JSON.stringify(layer.mediaType.slice(0, 120));
    throw new OciEncError("CORRUPT", `a layer of the type ${type}, and no signature`);
  });
}

async function inReferrers(search: Search): Promise<void> {
  const { source, subject } = search;
  const listed = (await search.attempt("referrers", () => source.referrers(subject))) ?? [];
  // A thousand other referrers must not use up the limit before a signature is reached.
  const ordered = listed.toSorted((a, b) => signatureRank(a) - signatureRank(b));
  for (const descriptor of search.bounded(ordered, "referrers")) {
    const where = `referrer ${descriptor.digest}`;
    await search.attempt(where, async () => {
      const manifest = await search.manifest(descriptor);
      const layers = manifest ? signatureLayers(manifest) : [];
      if (!manifest || layers.length === 0) return;
      if (manifest.subject?.digest !== subject) {
        throw new OciEncError("UNTRUSTED", `its own subject is ${manifest.subject?.digest ?? "nothing"}`);
      }
      for (const layer of search.bounded(layers, where)) await search.layer(layer, where, descriptor.digest);
    });
  }
}

/** What is listed and cannot be read, or is missing, must not look as if there were no signature. */
function unreadable(error: OciEncError): OciEncError {
  const { code, message, hint, retryable, context } = error;
  if (code === "UNTRUSTED" || message.startsWith(unreadableWords)) return error;
  const kept = code === "NOT_FOUND" ? "CORRUPT" : code;
  return new OciEncError(kept, `${unreadableWords}${message}`, { cause: error, hint, retryable, context });
}

const unreadableWords = "it cannot be read: ";

async function inMessages(search: Search): Promise<void> {
  const { source, subject } = search;
  const stored = (await search.attempt("simple signatures", () => source.simpleSignatures(subject))) ?? [];
  for (const [index, message] of search.bounded(stored, "simple signatures").entries()) {
    await search.message(message, `simple signature ${index + 1}`);
  }
}
