import { OciEncError } from "../errors.js";
import { parseImageName } from "../oci/image-name.js";
import { gatedSource } from "./gated-source.js";
import type { EndpointOptions, ImageSource, ImageTarget, Transport } from "./transport.js";

type Load = () => Promise<Transport>;

const layout: Load = async () => (await import("./layout/transport.js")).layout;

/** The table of transports: how a reference to one begins, and what to load for it. */
const transports: ReadonlyMap<string, Load> = new Map([
  ["oci:", layout],
  ["ocidir://", layout],
  ["oci-archive:", async () => (await import("./archive/transport.js")).archive],
  ["docker-archive:", async () => (await import("./docker-archive/transport.js")).dockerArchive],
  ["docker://", async () => (await import("./registry/transport.js")).registry],
  ["dir:", async () => (await import("./dir/transport.js")).dir],
]);

/** How a reference can begin, for messages and completion. What begins with none of these is a name in the local store. */
export const knownTransports: readonly string[] = [...transports.keys()];

/** A reference taken apart. */
export interface Reference {
  /** One of `knownTransports`; undefined: the local store. */
  readonly transport: string | undefined;
  readonly locator: string;
}

/** Opens what a reference names for reading. USAGE when it makes no sense; what the transport throws. */
export async function openSource(reference: string, options: EndpointOptions = {}): Promise<ImageSource> {
  const { transport, locator } = parseReference(reference);
  const source = await (await load(transport)).openSource(locator, options);
  return options.gate ? gatedSource(source, reference, options.gate) : source;
}

/** Opens what a reference names for writing. Codes as above. */
export async function openTarget(reference: string, options: EndpointOptions = {}): Promise<ImageTarget> {
  const { transport, locator } = parseReference(reference);
  return await (await load(transport)).openTarget(locator, options);
}

/**
 * Tells a transport's reference from the name of an image in the local store, which may have a colon too. USAGE for a
 * transport of another tool, and for anything with `://` that is not known.
 */
export function parseReference(reference: string): Reference {
  if (reference === "") throw new OciEncError("USAGE", "a reference is empty", { hint: `write ${forms}` });
  const transport = knownTransports.find((prefix) => reference.startsWith(prefix));
  if (transport !== undefined) return { transport, locator: reference.slice(transport.length) };
  const colon = reference.indexOf(":");
  const [word, rest] = colon < 0 ? ["", ""] : [reference.slice(0, colon), reference.slice(colon + 1)];
  if (!foreignSchemes.has(word) && !rest.startsWith("//")) return { transport: undefined, locator: reference };
  throw new OciEncError("USAGE", `unknown transport ${JSON.stringify(word.slice(0, 80))}`, { hint: `write ${forms}` });
}

/** Whether both references are of one registry: only then is what was given for one of them for the other as well. */
export function sameRegistry(one: string, other: string): boolean {
  const host = registryOf(one);
  return host !== undefined && host === registryOf(other);
}

function registryOf(reference: string): string | undefined {
  const { transport, locator } = parseReference(reference);
  return transport === "docker://" ? parseImageName(locator).host : undefined;
}

const forms: string = `${knownTransports.map((prefix) => `${prefix}…`).join(", ")}, or the name of an image in the local store`;

/** Other tools' transports, which could be taken for the name of an image and its tag. */
const foreignSchemes: ReadonlySet<string> = new Set([
  "atomic",
  "containers-storage",
  "docker-daemon",
  "ostree",
  "sif",
  "tarball",
]);

async function load(transport: string | undefined): Promise<Transport> {
  const row = transport === undefined ? loadStore : transports.get(transport);
  if (!row) throw new Error("a parsed reference names a transport that is not in the table");
  return await row();
}

async function loadStore(): Promise<Transport> {
  return (await import("./store/transport.js")).store;
}
