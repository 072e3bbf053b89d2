import { writeFile } from "node:fs/promises";
import {
  type CopyImageOptions,
  type CopyImageReport,
  type CopyReport,
  copyImage,
  type Descriptor,
  type LayerReport,
  printPlatform,
} from "../../../doors/index.js";
import { ioError } from "../../../errors.js";
import { isStandardStream, parseReference } from "../../../transport/references.js";
import { readSettings } from "../../options/keys/key-flags.js";
import { parallel, sourceEndpoint, targetEndpoint } from "../../options/registry/endpoints.js";
import { retryTimes } from "../../options/registry/registry-flags.js";
import { readSignersOf } from "../../options/signing/signers.js";
import { signBy, signBySigstore, signIdentity } from "../../options/signing/signing-flags.js";
import { readRules } from "../../options/signing/trust-flags.js";
import { byteCount } from "../../output/byte-count.js";
import type { Invocation, Report, SummaryFact } from "../command.js";
import { type CopyFlagValues, digestfile, dryRun, referrers, removeSignatures } from "./transfer-flags.js";

/** What one command makes different about a copy. */
export type TransferOptions = Pick<
  CopyImageOptions,
  "transform" | "platforms" | "otherPlatforms" | "keepPlainSignatures"
> &
  CopyFlagValues & {
    /** Of files with decrypted content. */
    readonly plainMode?: number | undefined;
    /** Lines that say what was done, beside the digest. */
    readonly summary?: ((report: CopyReport) => readonly string[]) | undefined;
  };

/** The library's call that writes the image. */
type Transfer = (options: CopyImageOptions) => Promise<CopyImageReport>;

/** Every command that writes an image: a copy with a transform, and its report. Default: {@link copyImage} of both arguments. */
export async function transferImage(
  invocation: Invocation,
  how: TransferOptions,
  transfer: Transfer = (options) => copyImage(...endsOf(invocation), options),
): Promise<Report> {
  const { options } = invocation;
  const [, to] = endsOf(invocation);
  const dry = options.get(dryRun);
  const report = await transfer(await readTransfer(invocation, how));
  const edits = how.transform !== undefined || report.replaced !== undefined;
  for (const line of whatHappened(report, { edits, dry })) invocation.info(line);
  // What reads the digest from stderr, as stdout has the archive, gets the digest alone.
  const told = report.changed && !report.skipped && !dry && !isStandardStream(to);
  if (told) for (const line of how.summary?.(report) ?? []) invocation.info(line);
  const file = options.get(digestfile);
  if (file !== undefined && report.digest !== undefined && !dry) await writeDigest(file, report.digest);
  const { signatures } = report;
  return {
    kind: "report",
    document: { ...transferDocument(report), ...(signatures.length > 0 && { signatures }) },
    text: report.digest ?? "",
    writes: true,
    stderr: isStandardStream(to),
    summary: () => summaryFacts(report),
  };
}

/** What is not in the document: which image it was, and who can decrypt what is encrypted now. */
async function summaryFacts({ sourceDigest, layers }: CopyReport): Promise<readonly SummaryFact[]> {
  const { recipientsOf } = await import("../../../doors/crypt.js");
  const recipients = await Promise.all(layers.map(({ after }) => recipientsOf(after?.annotations)));
  const names = new Set(recipients.flat().map(({ scheme, label }) => `${scheme} ${label}`));
  return [
    { label: "digest before", values: sourceDigest === undefined ? [] : [sourceDigest] },
    { label: "encrypted for", values: [...names] },
  ].filter(({ values }) => values.length > 0);
}

function endsOf({ arguments: [from = "", to = from] }: Invocation): readonly [from: string, to: string] {
  return [from, to];
}

async function readTransfer(
  invocation: Invocation,
  { plainMode, summary: _, ...how }: TransferOptions,
): Promise<CopyImageOptions> {
  const { options, signal, progress } = invocation;
  return {
    ...how,
    jobs: options.get(parallel),
    dryRun: options.get(dryRun),
    signal,
    progress,
    retries: options.get(retryTimes) ?? 5,
    source: await sourceEndpoint(invocation),
    target: { ...(await targetEndpoint(invocation)), plainMode },
    rules: await readRules(invocation),
    sign: await readSigning(invocation),
    referrers: options.get(referrers),
    removeSignatures: options.get(removeSignatures),
  };
}

/** Undefined: nobody signs what is written. */
async function readSigning(invocation: Invocation): Promise<CopyImageOptions["sign"]> {
  const { options, signal } = invocation;
  if (!options.given(signBy) && !options.given(signBySigstore)) return undefined;
  const { loadSigner } = await import("../../../doors/sign.js");
  const settings = { ...readSettings(options), signal };
  const specs = await readSignersOf(invocation);
  const signers = await Promise.all(specs.map((spec) => loadSigner(spec, settings)));
  return { signers, identity: options.get(signIdentity) };
}

/** Lines for the person at the keyboard. `edits`: the command was to change the image, not just to bring it somewhere. */
function whatHappened(report: CopyReport, { edits, dry }: { edits: boolean; dry: boolean }): readonly string[] {
  if (report.skipped) return [`${report.reference} exists already and is left as it is`];
  if (!report.changed && edits) return ["unchanged"];
  return [...whatWasCompared(report), ...(dry ? whatWouldHappen(report) : []), ...whatMoved(report)];
}

/** Others have pulled by this tag, and may have to find the image that it named. */
function whatMoved({ reference, replaced, digest }: CopyReport): readonly string[] {
  if (replaced === undefined || !parseReference(reference).row.remote) return [];
  if (digest === undefined) return [`${reference} would no longer name ${replaced}`];
  return [`${reference} named ${replaced}, and now names ${digest}`];
}

/** What it cost to know that layers may serve again. */
function whatWasCompared({ layers }: CopyReport): readonly string[] {
  const compared = new Map(
    layers.flatMap(({ known, after }) => (known === "compared" && after ? [[after.digest, after.size]] : [])),
  );
  if (compared.size === 0) return [];
  const bytes = [...compared.values()].reduce((sum, size) => sum + size, 0);
  return [`decrypted and compared ${compared.size} previous layers (${byteCount(bytes)}) before taking them`];
}

function whatWouldHappen({ changed, layers }: CopyReport): readonly string[] {
  if (!changed) return ["would copy the image as it is"];
  const edited = layers.filter(({ action }) => action !== "keep");
  if (edited.length === 0) return ["would change the index alone"];
  return edited.map(({ platform, index, action, before }) => {
    const of = platform ? ` of ${printPlatform(platform)}` : "";
    return `would ${action} layer ${index}${of}: ${before.digest}`;
  });
}

function transferDocument({ reference, replaced, digest, mediaType, size, changed, layers }: CopyReport): object {
  return {
    reference,
    ...(replaced !== undefined && { replaced }),
    digest: digest ?? null,
    mediaType,
    size: size ?? null,
    changed,
    layers: layers.map(layerDocument),
  };
}

function layerDocument({ platform, index, action, known, before, after }: LayerReport): object {
  const named = platform ? printPlatform(platform) : null;
  return {
    platform: named,
    index,
    action,
    ...(known && { known }),
    before: blobDocument(before),
    after: after ? blobDocument(after) : null,
  };
}

function blobDocument({ digest, mediaType, size }: Descriptor): object {
  return { digest, mediaType, size };
}

async function writeDigest(file: string, digest: string): Promise<void> {
  try {
    await writeFile(file, digest);
  } catch (error) {
    throw ioError(error, `the image is written, but not its digest to ${JSON.stringify(file)}`);
  }
}
