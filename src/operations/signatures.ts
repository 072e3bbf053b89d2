import { makePlan, manifestsOf } from "../copy/plan/plan.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, digestOf } from "../oci/digest.js";
import type { Progress } from "../progress.js";
import type { SignatureFormat } from "../sign/signature.js";
import { listSignatures } from "../sign/store.js";
import { attachmentsOf, digestTagKinds, digestTagName } from "../transport/attachments.js";
import { openSource } from "../transport/index.js";
import type { EndpointOptions, ImageSource } from "../transport/transport.js";

/** What the transport needs. */
export interface ListSignaturesOptions {
  readonly source?: EndpointOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
}

/** What is stored beside an image. Nobody has verified any of it. */
export interface AttachmentReport {
  readonly reference: string;
  readonly root: Descriptor;
  readonly attachments: readonly ListedAttachment[];
}

/** One thing that is stored beside a manifest. */
export interface ListedAttachment {
  readonly subject: Digest;
  /** A signature's format; `referrer` for what else refers to the manifest; `att`, `sbom` for cosign's digest tags. */
  readonly kind: SignatureFormat | "referrer" | "att" | "sbom" | "broken";
  /** Of the manifest that refers, or else of the signature's content. Undefined for what could not be read. */
  readonly digest: Digest | undefined;
  /** For people: where it is, or why it could not be read. */
  readonly about: string;
}

/** Lists the signatures of an image, of the images in it, and what else refers to them, without judging anything. */
export async function listImageSignatures(
  reference: string,
  { source: endpoint, signal, progress }: ListSignaturesOptions = {},
): Promise<AttachmentReport> {
  await using source = await openSource(reference, { signal, progress, ...endpoint });
  const root = await source.resolve();
  const plan = await makePlan(source, root, { absent: "keep" });
  const subjects = new Set([root.digest, ...manifestsOf(plan).map(({ descriptor }) => descriptor.digest)]);
  const attachments: ListedAttachment[] = [];
  for (const subject of subjects) attachments.push(...(await listedFor(source, subject)));
  return { reference: source.name, root, attachments };
}

async function listedFor(source: ImageSource, subject: Digest): Promise<readonly ListedAttachment[]> {
  const { signatures, broken } = await listSignatures(source, subject);
  const told = new Set([...signatures, ...broken].map(({ where }) => where));
  return [
    ...signatures.map(
      ({ format, content, referrer, where }): ListedAttachment => ({
        subject,
        kind: format,
        digest: referrer ?? digestOf(content),
        about: where,
      }),
    ),
    ...broken.map(
      ({ where, failure }): ListedAttachment => ({
        subject,
        kind: "broken",
        digest: undefined,
        about: `${where}: ${failure.message}`,
      }),
    ),
    ...(await others(source, subject)).filter(({ digest }) => !told.has(`referrer ${digest}`)),
  ];
}

/** What is not a signature. That the place does not tell its referrers has been said of the signatures among them. */
async function others(source: ImageSource, subject: Digest): Promise<readonly ListedAttachment[]> {
  const attached = attachmentsOf(source);
  if (!attached) return [];
  const listed = await answered(attached.referrers(subject));
  const referrers = (listed instanceof OciEncError ? [] : listed).map(
    ({ digest, artifactType = "no type" }): ListedAttachment => ({
      subject,
      kind: "referrer",
      digest,
      about: artifactType,
    }),
  );
  const tags: ListedAttachment[] = [];
  for (const kind of digestTagKinds) {
    if (kind === "sig") continue;
    const found = await answered(attached.digestTag(subject, kind));
    if (found instanceof OciEncError) {
      const about = `${digestTagName(subject, kind)}: it cannot be read: ${found.message}`;
      tags.push({ subject, kind: "broken", digest: undefined, about });
    } else if (found) tags.push({ subject, kind, digest: found.digest, about: `digest tag .${kind}` });
  }
  return [...referrers, ...tags];
}

/** The answer of a place, or why it gave none: that must not hide what else there is. */
async function answered<T>(question: Promise<T>): Promise<T | OciEncError> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof OciEncError && error.code !== "ABORTED") return error;
    throw error;
  }
}
