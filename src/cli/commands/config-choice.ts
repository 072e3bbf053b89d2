import { OciEncError } from "../../errors.js";
import { type ImageReport, localPlatform, type ManifestReport, platformMatches, printPlatform } from "../../index.js";

/**
 * The config that is meant where one is wanted: of the only image, else of the one for this machine. USAGE, listing the
 * platforms, when that leaves a choice; UNSUPPORTED when it is no image's.
 */
export function configOf(report: ImageReport): Uint8Array {
  const images = report.manifests.filter(({ attestation }) => !attestation);
  const here = images.filter(({ platform }) => platform && platformMatches(localPlatform(), platform));
  const [chosen, ...more] = images.length === 1 ? images : here;
  if (chosen === undefined || more.length > 0) throw undecided(images);
  if (chosen.configBytes !== undefined) return chosen.configBytes;
  throw new OciEncError(
    "UNSUPPORTED",
    `${report.reference} has a config that is no image's: ${chosen.config.mediaType}`,
  );
}

function undecided(images: readonly ManifestReport[]): OciEncError {
  const names = images.map(({ platform }) => (platform ? printPlatform(platform) : "one without a name"));
  return new OciEncError(
    "USAGE",
    `the image is for ${images.length} platforms, and none of them is meant more than the others`,
    {
      hint: `choose one with --platform: ${names.join(", ")}`,
    },
  );
}
