import { OciEncError } from "../errors.js";

/** What an image runs on. Image-spec, "image-index", property `platform`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/** `linux/arm64/v8`, or `local` for this machine. USAGE when it is neither. */
export function parsePlatform(text: string): Platform {
  if (text === "local") return localPlatform();
  const [os, architecture, variant, ...rest] = text.split("/");
  const words = [os, architecture, variant].filter((word) => word !== undefined);
  if (!os || !architecture || rest.length > 0 || !words.every((word) => /^[A-Za-z0-9._-]+$/.test(word))) {
    throw new OciEncError("USAGE", `not a platform: ${JSON.stringify(text)}`, {
      hint: "write os/architecture[/variant], for example linux/arm64/v8, or local",
    });
  }
  return normalize({ os, architecture, variant });
}

/** This machine's, in the names that images use. */
export function localPlatform(): Platform {
  const os = process.platform === "win32" ? "windows" : process.platform;
  return normalize({ os, architecture: nodeArchitectures.get(process.arch) ?? process.arch });
}

/** Whether an image for `offered` serves somebody who asks for `wanted`: a variant that is not asked for does not matter. */
export function platformMatches(wanted: Platform, offered: Platform): boolean {
  const [a, b] = [normalize(wanted), normalize(offered)];
  if (a.os !== b.os || a.architecture !== b.architecture) return false;
  return a.variant === undefined || a.variant === (b.variant ?? defaultVariants.get(b.architecture));
}

/** `linux/arm64/v8`. */
export function printPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter((word) => word).join("/");
}

function normalize(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const architecture = aliases.get(platform.architecture.toLowerCase()) ?? platform.architecture.toLowerCase();
  const variant = platform.variant?.toLowerCase();
  if (!variant) return { os, architecture };
  return { os, architecture, variant: /^\d/.test(variant) ? `v${variant}` : variant };
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
