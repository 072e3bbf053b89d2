import { writeFile } from "node:fs/promises";
import { ioError } from "../../errors.js";
import {
  type CopyImageOptions,
  type CopyReport,
  copyImage,
  type Descriptor,
  type LayerReport,
  type LayerTransform,
  printPlatform,
} from "../../index.js";
import { parallel, sourceEndpoint, targetEndpoint } from "../options/endpoints.js";
import { retryTimes } from "../options/registry-flags.js";
import type { Invocation, Report } from "./command.js";
import { digestfile, dryRun } from "./transfer-flags.js";

/** What one command makes different about a copy. */
export type TransferOptions = Pick<CopyImageOptions, "platforms" | "otherPlatforms"> & {
  readonly transform?: LayerTransform;
};

/** Every command that writes an image: a copy with a transform, and its report. */
export async function transferImage(invocation: Invocation, how: TransferOptions): Promise<Report> {
  const { options, signal, progress } = invocation;
  const [from = "", to = from] = invocation.arguments;
  const report = await copyImage(from, to, {
    ...how,
    jobs: options.get(parallel),
    dryRun: options.get(dryRun),
    signal,
    progress,
    retries: options.get(retryTimes) ?? 5,
    source: await sourceEndpoint(invocation),
    target: await targetEndpoint(invocation),
  });
  tellWhatHappened(report, invocation);
  const file = options.get(digestfile);
  if (file !== undefined && report.digest !== undefined && !options.get(dryRun)) await writeDigest(file, report.digest);
  return {
    kind: "report",
    document: transferDocument(report),
    text: report.digest ?? "",
    writes: true,
    beside: isStream(to),
  };
}

function tellWhatHappened({ changed, layers }: CopyReport, { options, notice }: Invocation): void {
  if (!changed) notice("unchanged");
  if (!changed || !options.get(dryRun)) return;
  const edited = layers.filter(({ action }) => action !== "keep");
  for (const { platform, index, action, before } of edited) {
    notice(`would ${action} layer ${index}${platform ? ` of ${printPlatform(platform)}` : ""}: ${before.digest}`);
  }
  if (edited.length === 0) notice("would change the index alone");
}

function transferDocument({ reference, digest, mediaType, size, changed, layers }: CopyReport): object {
  return {
    reference,
    digest: digest ?? null,
    mediaType,
    size: size ?? null,
    changed,
    layers: layers.map(layerDocument),
  };
}

function layerDocument({ platform, index, action, before, after }: LayerReport): object {
  const named = platform ? printPlatform(platform) : null;
  return { platform: named, index, action, before: blobDocument(before), after: after ? blobDocument(after) : null };
}

function blobDocument({ digest, mediaType, size }: Descriptor): object {
  return { digest, mediaType, size };
}

/** An archive that goes to standard output. */
function isStream(reference: string): boolean {
  return /^(?:oci|docker)-archive:-(?::|$)/.test(reference);
}

async function writeDigest(file: string, digest: string): Promise<void> {
  try {
    await writeFile(file, digest);
  } catch (error) {
    throw ioError(error, `the image is written, but not its digest to ${JSON.stringify(file)}`);
  }
}
