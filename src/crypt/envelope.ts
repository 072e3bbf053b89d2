import { OciEncError } from "../errors.js";
import type { Packet } from "./key-wrapper.js";
import { decodePublicOptions, encodePublicOptions, isBase64, type PublicOptions } from "./layer-options.js";

const everything = "org.opencontainers.image.enc.";
const slotPrefix = `${everything}keys.`;
const publicOptionsKey = `${everything}pubopts`;

type Annotations = Readonly<Record<string, string>>;

/** One comma-separated part of an annotation that holds wrapped keys. */
export interface EnvelopePart {
  readonly slot: string;
  /** Undefined: what stands there is no base64. */
  readonly packet: Packet | undefined;
}

/** The parts of every scheme, in the order of the annotations; those of unknown schemes too. An empty annotation has none. */
export function partsOf(annotations: Annotations | undefined): readonly EnvelopePart[] {
  return Object.entries(annotations ?? {}).flatMap(([key, value]) => {
    if (!key.startsWith(slotPrefix) || value === "") return [];
    const slot = key.slice(slotPrefix.length);
    return value.split(",").map((part) => ({ slot, packet: readPart(slot, part) }));
  });
}

/** Whether a layer's annotations hold any wrapped key. */
export function hasEnvelope(annotations: Annotations | undefined): boolean {
  return partsOf(annotations).length > 0;
}

/** The layer's public options. CORRUPT when they are missing or malformed. */
export function publicOptionsOf(annotations: Annotations | undefined): PublicOptions {
  const value = annotations?.[publicOptionsKey];
  if (!value) throw new OciEncError("CORRUPT", `the layer has no annotation ${publicOptionsKey}`);
  const encoded = value.replace(/[\r\n]/g, "");
  if (!isBase64(encoded)) throw new OciEncError("CORRUPT", `the annotation ${publicOptionsKey} is not base64`);
  return decodePublicOptions(Buffer.from(encoded, "base64"));
}

/** The annotations with a new envelope in place of any older one. */
export function withEnvelope(
  annotations: Annotations | undefined,
  packets: readonly Packet[],
  options: PublicOptions,
): Record<string, string> {
  const slots = [...new Set(packets.map((packet) => packet.slot))].sort();
  const inSlot = (slot: string) => packets.filter((packet) => packet.slot === slot);
  return {
    ...withoutEnvelope(annotations),
    ...Object.fromEntries(slots.map((slot) => [slotPrefix + slot, inSlot(slot).map(writePart).join(",")])),
    [publicOptionsKey]: Buffer.from(encodePublicOptions(options)).toString("base64"),
  };
}

/** The annotations without those that begin with `org.opencontainers.image.enc.`. Undefined when none is left. */
export function withoutEnvelope(annotations: Annotations | undefined): Record<string, string> | undefined {
  const rest = Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith(everything));
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}

function readPart(slot: string, part: string): Packet | undefined {
  const encoded = part.replace(/[\r\n]/g, "");
  return isBase64(encoded) ? { slot, bytes: Buffer.from(encoded, "base64") } : undefined;
}

function writePart(packet: Packet): string {
  return Buffer.from(packet.bytes).toString("base64");
}
