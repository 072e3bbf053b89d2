import { type ImageConfig, type ImageReport, type ManifestReport, printPlatform } from "../../../doors/index.js";
import { byteCount } from "../byte-count.js";
import { printable } from "../printable.js";

/** What `inspect` shows to people: the image, then each platform with its config and history. */
export function imageText(image: ImageReport): string {
  const { reference, root, manifests, absent } = image;
  const head = fields([
    ["Reference", reference],
    ["Digest", root.digest],
    ["Media type", root.mediaType],
    [
      "Platforms",
      manifests
        .filter(({ attestation }) => !attestation)
        .map(platformName)
        .join(", "),
    ],
    ["Absent", absent.map(({ platform, digest }) => (platform ? printPlatform(platform) : digest)).join(", ")],
  ]);
  return [head, ...manifests.map(manifestText)].join("\n\n");
}

/** The document of `inspect --json`. */
export function imageDocument({ reference, root, manifests, absent }: ImageReport): object {
  const { digest, mediaType, size } = root;
  const lacking = absent.map(({ platform, ...descriptor }) => ({
    platform: platform ? printPlatform(platform) : null,
    digest: descriptor.digest,
  }));
  const around = { reference, digest, mediaType, size };
  return { ...around, manifests: manifests.map(manifestDocument), ...(absent.length > 0 && { absent: lacking }) };
}

function manifestDocument({ descriptor, platform, attestation, config, imageConfig, layers }: ManifestReport): object {
  return {
    platform: platform ? printPlatform(platform) : null,
    ...blob(descriptor),
    attestation,
    config: { ...blob(config), content: imageConfig?.document ?? null },
    layers: layers.map(({ index, layer, encrypted }) => ({ index, ...blob(layer), encrypted })),
  };
}

function blob({ digest, mediaType, size }: ManifestReport["descriptor"]): object {
  return { digest, mediaType, size };
}

function manifestText(manifest: ManifestReport): string {
  const { descriptor, attestation, layers, imageConfig } = manifest;
  const encryptedCount = layers.filter(({ encrypted }) => encrypted).length;
  const bytes = layers.reduce((sum, { layer }) => sum + layer.size, 0);
  const title = printable(attestation ? `attestation (${platformName(manifest)})` : platformName(manifest));
  const head = fields([
    ["Digest", descriptor.digest],
    ["Layers", `${layers.length}, ${encryptedCount} of them encrypted, ${byteCount(bytes)}`],
    ...(imageConfig ? configFields(imageConfig) : []),
  ]);
  return [title, indented(head), ...(imageConfig ? history(imageConfig) : [])].join("\n");
}

function configFields(config: ImageConfig): readonly Field[] {
  return [
    ["Created", config.created],
    ["Author", config.author],
    ["User", config.user],
    ["Directory", config.workingDirectory],
    ["Entrypoint", words(config.entrypoint)],
    ["Command", words(config.command)],
    ...config.environment.map((value): Field => ["Environment", value]),
    ...config.ports.map((value): Field => ["Port", value]),
    ...Object.entries(config.labels).map(([name, value]): Field => ["Label", `${name}=${value}`]),
  ];
}

function history(config: ImageConfig): readonly string[] {
  if (config.history.length === 0) return [];
  const steps = config.history.map(({ created, createdBy, empty }) => {
    const note = empty ? " (no layer)" : "";
    return `    ${printable(created || "at an unknown time")}  ${printable(createdBy)}${note}`;
  });
  return ["  History:", ...steps];
}

type Field = readonly [name: string, value: string | undefined];

/** Names and values in two columns; what has no value is left out. The values may come from outside. */
function fields(entries: readonly Field[]): string {
  const shown = entries.filter(([, value]) => value !== undefined && value !== "");
  const width = shown.reduce((most, [name]) => Math.max(most, name.length + 1), 0);
  return shown.map(([name, value]) => `${`${name}:`.padEnd(width)} ${printable(value ?? "")}`).join("\n");
}

function indented(text: string): string {
  return text.replace(/^/gm, "  ");
}

function words(list: readonly string[]): string | undefined {
  return list.length === 0 ? undefined : JSON.stringify(list);
}

function platformName({ platform }: ManifestReport): string {
  return platform ? printPlatform(platform) : "no platform";
}
