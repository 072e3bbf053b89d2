import { makePlan, manifestsOf } from "../../copy/plan/plan.js";
import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { decryptedType, isEncrypted } from "../../oci/media-type.js";
import type { ImageSource } from "../../transport/transport.js";
import type { Finding } from "./check.js";
import type { DecryptedLayer } from "./decrypted-layers.js";
import { about, encryptedLayers, type Subject, type SubjectLayer } from "./subject.js";

/** Where the digests of the plain layers are known from: a key, or the plain image itself. */
export interface PlainKnowledge {
  readonly decrypted: readonly DecryptedLayer[];
  readonly plainImage: ImageSource | undefined;
}

/**
 * Asks the place of the image for the plain blobs of its encrypted layers: an encrypted image protects little as long as they are
 * served beside it. Layers that the image itself names as plain are not asked for.
 */
export async function plaintextLeftovers(subject: Subject, knowledge: PlainKnowledge): Promise<readonly Finding[]> {
  const open = new Set(
    subject.manifests.flatMap(({ layers }) => layers.filter((one) => !one.encrypted)).map(({ layer }) => layer.digest),
  );
  const findings: Finding[] = [];
  for (const one of encryptedLayers(subject)) {
    const leftovers = await leftoversOf(one, knowledge);
    if (leftovers.length === 0) findings.push(about(one, "not judged", "what its plain blob is called is not known"));
    for (const leftover of leftovers.filter(({ blob }) => !open.has(blob.digest))) {
      findings.push(await lookUp(one, leftover, subject.source));
    }
  }
  return findings;
}

/** A blob that would give the layer away, and how it is known. */
interface Leftover {
  readonly blob: Descriptor;
  /** `its plain blob`, or what the envelope claims to be that: a layer may have been recompressed before it was encrypted. */
  readonly what: string;
}

async function leftoversOf(one: SubjectLayer, { decrypted, plainImage }: PlainKnowledge): Promise<readonly Leftover[]> {
  const content = decrypted.find(({ subject }) => subject === one)?.content;
  const { size } = one.layer;
  const mediaType = decryptedType(one.layer.mediaType);
  const leftover = (digest: Digest | undefined, what: string): readonly Leftover[] =>
    digest ? [{ blob: { mediaType, digest, size }, what }] : [];
  const claimed = content?.wrapped === content?.plain ? undefined : content?.wrapped;
  const shown = plainImage ? await plainLayers(plainImage, one) : [];
  return [
    ...leftover(content?.plain, "its plain blob"),
    ...leftover(claimed, "what its envelope claims to be its plain blob,"),
    ...shown.map((blob) => ({ blob, what: "its plain blob" })),
  ];
}

/** The plain image's layer at the same place: of the same platform, and the same position. */
async function plainLayers(plainImage: ImageSource, one: SubjectLayer): Promise<readonly Descriptor[]> {
  const { platform, index = 0 } = one.place;
  const plan = await makePlan(plainImage, await plainImage.resolve(), {
    ...(platform && { platforms: [platform] }),
    otherPlatforms: "drop",
  });
  const layers = manifestsOf(plan).flatMap(({ view }) => view.layers.slice(index, index + 1));
  return layers.filter(({ mediaType }) => !isEncrypted(mediaType));
}

/** One byte is enough to know. */
async function lookUp(one: SubjectLayer, { blob, what }: Leftover, source: ImageSource): Promise<Finding> {
  const { digest } = blob;
  try {
    for await (const _ of source.blob(blob)) break;
    return about(one, "failed", `${what} ${digest} is still served from ${source.place}`);
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    if (error.code === "NOT_FOUND") return about(one, "passed", `${what} ${digest} is not served`);
    if (error.code === "CORRUPT") return about(one, "failed", `a blob is served as ${what} ${digest}`);
    throw error;
  }
}
