import type { EndpointOptions } from "../../../doors/index.js";
import { OciEncError } from "../../../errors.js";
import type { Invocation } from "../../commands/command.js";
import { type Flag, parsed, type Side, single, toggle } from "../flag.js";
import type { FlagValues } from "../flag-values.js";
import { limitFlags, readLimits } from "../limits.js";
import { readRegistry } from "./registry.js";
import { bothSidesFlags, chunkSize, registryFlags } from "./registry-flags.js";

const group = "Source and target:";
const topic = "output";

/** The local store. */
export const store: Flag<string | undefined> = single({
  name: "store",
  placeholder: "DIR",
  about: "the local store, or any OCI layout in its place; default $XDG_DATA_HOME/oci-enc/store",
  group,
  topic,
});

/** Where scratch files go. */
export const tmpdir: Flag<string | undefined> = single({
  name: "tmpdir",
  placeholder: "DIR",
  about: "the directory for temporary files",
  group,
  topic,
});

/** Replace what is there. */
export const force: Flag<boolean> = toggle({
  name: "force",
  about: "replace an archive file that exists, fill a directory that is not empty, write a tag that has moved",
  group,
  topic,
});

/** How many blobs at once. */
export const parallel: Flag<number | undefined> = parsed(
  {
    name: "parallel",
    short: "j",
    placeholder: "N",
    about: "how many blobs are copied at once; default 4",
    group,
    topic,
  },
  parseCount,
);

/** What the end of a command that only looks is opened with. */
export const sourceFlags: readonly Flag<unknown>[] = [store, tmpdir, ...limitFlags, ...registryFlags];

/** What two images are opened with that are only looked at. */
export const pairFlags: readonly Flag<unknown>[] = [store, tmpdir, ...limitFlags, ...bothSidesFlags];

/** What both ends of a copy are opened with. */
export const endpointFlags: readonly Flag<unknown>[] = [
  store,
  tmpdir,
  force,
  parallel,
  chunkSize,
  ...limitFlags,
  ...bothSidesFlags,
];

/** What the options of an end are read from. */
type EndpointInvocation = Pick<Invocation, "options" | "configuration" | "signal">;

/** For the only image of a command. */
export async function onlyEndpoint(invocation: EndpointInvocation): Promise<EndpointOptions> {
  return { ...places(invocation.options), registry: await readRegistry(invocation) };
}

/** For the source of a copy. */
export async function sourceEndpoint(invocation: EndpointInvocation): Promise<EndpointOptions> {
  return { ...places(invocation.options), registry: await readRegistry(invocation, "src") };
}

/** For the second of two images that are only looked at. */
export async function otherEndpoint(invocation: EndpointInvocation): Promise<EndpointOptions> {
  return { ...places(invocation.options), registry: await readRegistry(invocation, "dest") };
}

/** For the target of a copy. */
export async function targetEndpoint(invocation: EndpointInvocation): Promise<EndpointOptions> {
  const { options } = invocation;
  const registry = { ...(await readRegistry(invocation, "dest")), chunkSize: options.get(chunkSize) };
  return { ...places(options), force: options.get(force), registry };
}

/** For an image that is read in addition to one end: options of that end count where both are in one registry. */
export async function relatedEndpoint(
  invocation: EndpointInvocation,
  reference: string,
  end: { readonly side: Side; readonly image: string },
): Promise<EndpointOptions> {
  const { sameRegistry } = await import("../../../doors/internal.js");
  const side = sameRegistry(reference, end.image) ? end.side : undefined;
  return { ...places(invocation.options), registry: await readRegistry(invocation, side) };
}

function places(options: FlagValues): EndpointOptions {
  return { store: options.get(store), tmpdir: options.get(tmpdir), limits: readLimits(options) };
}

function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 64) return count;
  throw new OciEncError("USAGE", `--parallel: ${JSON.stringify(text)} is not a number from 1 to 64`);
}
