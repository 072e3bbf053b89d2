import { type CopyReport, type LayerReport, printPlatform } from "../../doors/index.js";
import { byteCount } from "./byte-count.js";
import { commandLine } from "./retyped.js";

/** What the summary says beside what is in the report. */
export interface SummaryContext {
  /** As they were given: `jwe:alice.pub.pem`. */
  readonly recipients: readonly string[];
  /** Options and the name of the image for the next commands; undefined: none can be proposed. */
  readonly next: readonly string[] | undefined;
  /** How the image in the local store goes to a registry; undefined: it is not there. */
  readonly push: readonly string[] | undefined;
}

/** What `encrypt` has done: what is encrypted and for whom, what is not and why, both digests, what to type next. */
export function encryptSummary(report: CopyReport, { recipients, next, push }: SummaryContext): readonly string[] {
  const { layers, sourceDigest, digest } = report;
  const encrypted = layers.filter(({ action }) => action === "encrypt");
  const served = layers.filter(({ action }) => action === "reuse");
  const added = layers.filter(({ action }) => action === "relabel");
  const all = layers.filter(({ kept }) => kept !== "attestation").length;
  return [
    `encrypted ${encrypted.length} of ${count(all, "layer")} (${byteCount(sizeOf(encrypted))}) for ${recipients.join(", ")}`,
    ...(served.length > 0
      ? [`took ${count(served.length, "layer")} of the previous image as they were encrypted`]
      : []),
    ...(added.length > 0 ? [`gave ${count(added.length, "encrypted layer")} the recipients they lacked`] : []),
    ...keptLines(layers),
    `digest before ${sourceDigest ?? "unknown"}`,
    `digest after  ${digest}`,
    ...(next ? [`next: ${commandLine(["oci-enc", "layerinfo", ...next])}`] : []),
    ...(push ? [`then: ${commandLine(["oci-enc", "push", ...push])}`] : []),
  ];
}

const reasons: Readonly<Record<NonNullable<LayerReport["kept"]>, string>> = {
  "not chosen": "in the clear, not chosen by --layer, --exclude-layer or --base",
  "encrypted already": "as it was, encrypted already (--if-encrypted)",
  nondistributable: "in the clear, nondistributable (--nondistributable skip)",
  "unknown type": "in the clear, its media type is unknown here",
  "other platform": "as it was, for a platform that was not asked for (--platform)",
  attestation: "in the clear, an attestation (--attestations drop leaves it out)",
};

/** A line for each reason, with the numbers of the layers of each platform. */
function keptLines(layers: readonly LayerReport[]): readonly string[] {
  return Object.entries(reasons).flatMap(([why, text]) => {
    const kept = layers.filter((layer) => layer.kept === why);
    if (kept.length === 0) return [];
    const platforms = new Map<string, number[]>();
    for (const { platform, index } of kept) {
      const name = platform ? printPlatform(platform) : "";
      platforms.set(name, [...(platforms.get(name) ?? []), index]);
    }
    const places = [...platforms].map(([name, numbers]) => `${numbers.join(", ")}${name === "" ? "" : ` of ${name}`}`);
    return [`kept ${count(kept.length, "layer")} ${text}: ${places.join("; ")}`];
  });
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function sizeOf(layers: readonly LayerReport[]): number {
  const blobs = new Map(layers.map(({ before }) => [before.digest, before.size]));
  return [...blobs.values()].reduce((sum, size) => sum + size, 0);
}
