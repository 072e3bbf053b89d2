import { type Check, type Finding, printPlatform } from "../../../doors/index.js";

/** Where a finding is, for people: `layer 1 of linux/amd64`. Empty: the image as a whole. */
export function findingPlace({ place }: Finding): string {
  const platform = place?.platform ? printPlatform(place.platform) : "";
  if (place?.index === undefined) return platform;
  return `layer ${place.index}${platform === "" ? "" : ` of ${platform}`}`;
}

/** What is reported in addition to the verdict: everything that did not pass. */
export function tellingFindings({ findings }: Check): readonly Finding[] {
  return findings.filter(({ verdict }) => verdict === "failed" || verdict === "warning");
}
