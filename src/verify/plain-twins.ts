import { makePlan, manifestsOf } from "../copy/plan.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { isEncrypted, plainTwin } from "../oci/media-type.js";
import type { ImageSource } from "../transport/transport.js";
import type { Finding } from "./check.js";
import type { OpenedLayer } from "./opened-layers.js";
import { about, type Subject, type SubjectLayer, sealedLayers } from "./subject.js";

/** Where the digests of the plain layers are known from: a key, or the plain image itself. */
export interface PlainKnowledge {
  readonly opened: readonly OpenedLayer[];
  readonly plainImage: ImageSource | undefined;
}

/**
 * Asks the place of the image for the plain blobs of its sealed layers: a sealed image protects little as long as they are
 * served beside it. Layers that the image itself names as plain are not asked for.
 */
export async function plainTwins(subject: Subject, knowledge: PlainKnowledge): Promise<readonly Finding[]> {
  const open = new Set(
    subject.manifests.flatMap(({ layers }) => layers.filter((one) => !one.sealed)).map(({ layer }) => layer.digest),
  );
  const findings: Finding[] = [];
  for (const one of sealedLayers(subject)) {
    const twins = await twinsOf(one, knowledge);
    if (twins.length === 0) findings.push(about(one, "not judged", "what its plain blob is called is not known"));
    for (const twin of twins.filter(({ digest }) => !open.has(digest))) {
      findings.push(await lookUp(one, twin, subject.source));
    }
  }
  return findings;
}

async function twinsOf(one: SubjectLayer, { opened, plainImage }: PlainKnowledge): Promise<readonly Descriptor[]> {
  const content = opened.find(({ subject }) => subject === one)?.content;
  const digests = new Set<Digest | undefined>([content?.wrapped, content?.plain]);
  const { size } = one.layer;
  const mediaType = plainTwin(one.layer.mediaType);
  const unwrapped = [...digests].flatMap((digest) => (digest ? [{ mediaType, digest, size }] : []));
  return [...unwrapped, ...(plainImage ? await plainLayers(plainImage, one) : [])];
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
async function lookUp(one: SubjectLayer, twin: Descriptor, source: ImageSource): Promise<Finding> {
  try {
    for await (const _ of source.blob(twin)) break;
    return about(one, "failed", `its plain blob ${twin.digest} is still served from ${source.place}`);
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    if (error.code === "NOT_FOUND") return about(one, "passed", `its plain blob ${twin.digest} is not served`);
    if (error.code === "CORRUPT") return about(one, "failed", `a blob is served as its plain blob ${twin.digest}`);
    throw error;
  }
}
