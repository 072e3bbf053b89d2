import { writeFile } from "node:fs/promises";
import { ioError } from "../../../errors.js";
import {
  type CopyImageOptions,
  type CopyReport,
  copyImage,
  type Descriptor,
  type LayerReport,
  type LayerTransform,
  printPlatform,
  type SignedArtifact,
} from "../../../index.js";
import { isStandardStream, parseReference } from "../../../transport/index.js";
import { readSettings } from "../../options/keys/key-flags.js";
import { judgedSource, parallel, targetEndpoint } from "../../options/registry/endpoints.js";
import { retryTimes } from "../../options/registry/registry-flags.js";
import { readSignersOf } from "../../options/signing/signers.js";
import { signBy, signBySigstore, signIdentity } from "../../options/signing/signing-flags.js";
import { readTrust } from "../../options/signing/trust-flags.js";
import { byteCount } from "../../output/byte-count.js";
import type { Invocation, Report } from "../command.js";
import { type CopyFlagValues, digestfile, dryRun, referrers, removeSignatures } from "./transfer-flags.js";

/** What one command makes different about a copy. */
export type TransferOptions = Pick<CopyImageOptions, "platforms" | "otherPlatforms" | "keepPlainSignatures"> &
  CopyFlagValues & {
    readonly transform?: LayerTransform;
    /** The transform gives the image a digest that nobody has signed. */
    readonly invalidatesSignatures?: boolean;
    /** Of files with decrypted content. */
    readonly plainMode?: number | undefined;
  };

/** Every command that writes an image: a copy with a transform, and its report. */
export async function transferImage(invocation: Invocation, how: TransferOptions): Promise<Report> {
  const { options, signal, progress, info: notice } = invocation;
  const [from = "", to = from] = invocation.arguments;
  const signatures: SignedArtifact[] = [];
  const attach = await readAttach(invocation, { to, tell: (artifacts) => signatures.push(...artifacts) });
  if (how.invalidatesSignatures && !attach) await requireUnsignedAllowed(invocation, to);
  const { plainMode, ...copying } = how;
  const report = await copyImage(from, to, {
    ...copying,
    jobs: options.get(parallel),
    dryRun: options.get(dryRun),
    signal,
    progress,
    retries: options.get(retryTimes) ?? 5,
    // What is carried along beside the platforms that were asked for is judged, too.
    source: await judgedSource(invocation, how.otherPlatforms === "drop" ? how.platforms : undefined),
    target: { ...(await targetEndpoint(invocation)), plainMode },
    referrers: options.get(referrers),
    removeSignatures: options.get(removeSignatures),
    attach,
  });
  const edits = how.transform !== undefined || from === to;
  for (const line of whatHappened(report, { edits, dry: options.get(dryRun) })) notice(line);
  const file = options.get(digestfile);
  if (file !== undefined && report.digest !== undefined && !options.get(dryRun)) await writeDigest(file, report.digest);
  return {
    kind: "report",
    document: { ...transferDocument(report), ...(signatures.length > 0 && { signatures }) },
    text: report.digest ?? "",
    writes: true,
    stderr: isStandardStream(to),
  };
}

/** Undefined: nobody signs what is written. */
async function readAttach(
  invocation: Invocation,
  { to, tell }: { to: string; tell: (artifacts: readonly SignedArtifact[]) => void },
): Promise<CopyImageOptions["attach"]> {
  const { options, signal } = invocation;
  if (!options.given(signBy) && !options.given(signBySigstore)) return undefined;
  const { claimedName, givenName, loadSigner, signingAttach } = await import("../../../index.js");
  const settings = { ...readSettings(options), signal };
  const specs = await readSignersOf(invocation);
  const signers = await Promise.all(specs.map((spec) => loadSigner(spec, settings)));
  const named = options.get(signIdentity);
  const identity = named === undefined ? claimedName(to) : givenName(named);
  return signingAttach({ signers, identity, signal }, tell);
}

/** What nobody signs must not go where a signature is asked for. */
async function requireUnsignedAllowed(invocation: Invocation, to: string): Promise<void> {
  const { refusalOfUnsigned } = await import("../../../index.js");
  const refused = await refusalOfUnsigned(to, await readTrust(invocation));
  if (refused) throw refused;
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
