import { release } from "node:os";
import { OciEncError } from "../errors.js";

/** What an image runs on. Image-spec, "image-index", property `platform`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  /** `os.version`, of Windows alone: `10.0.17763.1234`. Wanted, its beginning will do. */
  readonly osVersion?: string | undefined;
  /** Whether there are `os.features`, which not every system has. */
  readonly osFeatures?: boolean | undefined;
}

/** `linux/arm64/v8`, `windows(10.0.17763)/amd64`, or `local` for this machine. USAGE when it is none of them. */
export function parsePlatform(text: string): Platform {
  if (text === "local") return localPlatform();
  const [system = "", architecture, variant, ...rest] = text.split("/");
  const [, os, osVersion] = /^([^()]*)(?:\(([0-9.]+)\))?$/.exec(system) ?? [];
  const words = [os, architecture, variant].filter((word) => word !== undefined);
  if (!os || !architecture || rest.length > 0 || !words.every((word) => /^[A-Za-z0-9._-]+$/.test(word))) {
    throw new OciEncError("USAGE", `not a platform: ${JSON.stringify(text)}`, {
      hint: "write os/architecture[/variant], for example linux/arm64/v8, or local",
    });
  }
  return normalize({ os, architecture, variant, ...(osVersion && { osVersion }) });
}

/** This machine's, in the names that images use. */
export function localPlatform(): Platform {
  const architecture = nodeArchitectures.get(process.arch) ?? process.arch;
  if (process.platform !== "win32") return normalize({ os: process.platform, architecture });
  // Windows runs images of its own build.
  return normalize({ os: "windows", architecture, osVersion: release() });
}

/** Whether an image for `offered` serves somebody who asks for `wanted`: a variant that is not asked for does not matter. */
export function platformMatches(wanted: Platform, offered: Platform): boolean {
  const [a, b] = [normalize(wanted), normalize(offered)];
  if (a.os !== b.os || a.architecture !== b.architecture) return false;
  if (a.osVersion !== undefined && !`${b.osVersion ?? ""}.`.startsWith(`${a.osVersion}.`)) return false;
  return a.variant === undefined || a.variant === (b.variant ?? defaultVariants.get(b.architecture));
}

/**
 * Those of `offered` that serve `wanted`, the best first, else in their order: of the variant that is asked for or usual,
 * then older ones, the newest of them first, then newer ones; and what needs features of the system comes last.
 */
export function inPreference<T extends { readonly platform?: Platform | undefined }>(
  wanted: Platform,
  offered: readonly T[],
): readonly T[] {
  const { architecture, variant = defaultVariants.get(architecture) } = normalize(wanted);
  const best = numberOf(variant);
  const rank = ({ platform }: T) => {
    const own = numberOf(platform?.variant ?? defaultVariants.get(architecture));
    const distance = own <= best ? best - own : 100 + own - best;
    return distance + (platform?.osFeatures ? 1_000 : 0);
  };
  const fitting = offered.filter(({ platform }) => platform && platformMatches(wanted, platform));
  return fitting.toSorted((a, b) => rank(a) - rank(b));
}

/** Of `v8`, or of `8`. */
function numberOf(variant: string | undefined): number {
  const digits = /^v?(\d{1,2})/i.exec(variant ?? "")?.[1];
  return digits === undefined ? 0 : Number(digits);
}

/** `linux/arm64/v8`. */
export function printPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter((word) => word).join("/");
}

function normalize(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const architecture = aliases.get(platform.architecture.toLowerCase()) ?? platform.architecture.toLowerCase();
  const variant = platform.variant?.toLowerCase();
  const version = platform.osVersion === undefined ? {} : { osVersion: platform.osVersion };
  if (!variant) return { os, architecture, ...version };
  return { os, architecture, variant: /^\d/.test(variant) ? `v${variant}` : variant, ...version };
}

const aliases: ReadonlyMap<string, string> = new Map([
  ["x86_64", "amd64"],
  ["x86-64", "amd64"],
  ["aarch64", "arm64"],
  ["i386", "386"],
  ["armhf", "arm"],
]);

const defaultVariants: ReadonlyMap<string, string> = new Map([
  ["arm64", "v8"],
  ["arm", "v7"],
  ["amd64", "v1"],
]);

const nodeArchitectures: ReadonlyMap<string, string> = new Map([
  ["x64", "amd64"],
  ["ia32", "386"],
  ["ppc64", "ppc64le"],
  ["loong64", "loong64"],
]);
