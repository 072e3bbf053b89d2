import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { isIndexType } from "../../oci/media-type.js";
import { type Platform, platformMatches, printPlatform } from "../../oci/platform.js";
import { attestedBy } from "./attestation.js";

/** Something that an index names and that is not there. */
export interface AbsentPart {
  readonly descriptor: Descriptor;
  readonly platform: Platform | undefined;
}

/** What an image names and its place does not have, and what it has instead. */
export interface MissingParts {
  readonly absent: readonly AbsentPart[];
  /** Platforms of the manifests that are there. */
  readonly offered: readonly Platform[];
  /** Of the image's place. */
  readonly name: string;
}

/** What `read` gives; undefined where there is nothing. */
export async function unlessAbsent<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** NOT_FOUND: a platform was asked for that nothing is for, or of which nothing is there. */
export function platformMissing(missing: readonly Platform[], { absent, offered, name }: MissingParts): OciEncError {
  const listed = absent.filter(
    ({ platform }) => platform && missing.some((wanted) => platformMatches(wanted, platform)),
  );
  const has = printPlatforms(offered);
  if (listed.length > 0) {
    return new OciEncError(
      "NOT_FOUND",
      `${name} names ${printAbsent(listed)}, and does not have ${listed.length === 1 ? "it" : "them"}`,
      {
        hint: has === "" ? "nothing that it names is there" : `it has images for ${has}`,
      },
    );
  }
  const unknown = absent.length > 0 ? `; it does not have ${printAbsent(absent)}, which it names` : "";
  return new OciEncError("NOT_FOUND", `no image for ${missing.map(printPlatform).join(", ")} in ${name}`, {
    hint: `${has === "" ? "its manifests name no platform" : `it has images for ${has}`}${unknown}`,
  });
}

/** NOT_FOUND: all of the image was asked for. */
export function partsAbsent({ absent, offered, name }: MissingParts): OciEncError {
  const there = printPlatforms(offered, ",");
  return new OciEncError("NOT_FOUND", `${printAbsent(absent)} ${verb(absent)} not in ${name}`, {
    hint: there === "" ? "nothing that it names is there" : `choose what is there with --platform ${there}`,
  });
}

/** NOT_FOUND: a manifest is there without its config. */
export function configAbsent({ digest }: Descriptor, platform: Platform | undefined, name: string): OciEncError {
  const whose = platform ? ` for ${printPlatform(platform)}` : "";
  return new OciEncError("NOT_FOUND", `the config ${digest} of the image${whose} is not in ${name}`, {
    side: "source",
  });
}

/** For people: `the image for linux/arm64 (sha256:…), linux/s390x (sha256:…)`. */
export function printAbsent(absent: readonly AbsentPart[]): string {
  const named = absent.slice(0, 40).map(({ platform, descriptor }) => {
    if (platform) return `the image for ${printPlatform(platform)} (${descriptor.digest})`;
    const isAttestation = attestedBy(descriptor) !== undefined;
    const what = isAttestation ? "attestation" : isIndexType(descriptor.mediaType) ? "index" : "image";
    return `the ${what} ${descriptor.digest}`;
  });
  return [...named, ...(absent.length > 40 ? [`${absent.length - 40} more`] : [])].join(", ");
}

function printPlatforms(platforms: readonly Platform[], between: string = ", "): string {
  return [...new Set(platforms.map(printPlatform))].slice(0, 40).join(between);
}

function verb(absent: readonly AbsentPart[]): string {
  return absent.length === 1 ? "is" : "are";
}
