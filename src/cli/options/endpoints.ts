import { OciEncError } from "../../errors.js";
import type { EndpointOptions } from "../../index.js";
import { type Flag, parsed, single, toggle } from "./flag.js";
import type { FlagValues } from "./flag-values.js";

const group = "Places:";

/** The local store. */
export const store: Flag<string | undefined> = single({
  name: "store",
  placeholder: "DIR",
  about: "the local store, or any OCI layout in its place; default $XDG_DATA_HOME/oci-enc/store",
  group,
});

/** Where scratch files go. */
export const tmpdir: Flag<string | undefined> = single({
  name: "tmpdir",
  placeholder: "DIR",
  about: "where scratch files go",
  group,
});

/** Replace what is there. */
export const force: Flag<boolean> = toggle({
  name: "force",
  about: "replace an archive file that exists, or fill a directory that is not empty",
  group,
});

/** How many blobs at once. */
export const parallel: Flag<number | undefined> = parsed(
  { name: "parallel", short: "j", placeholder: "N", about: "blobs in flight at once; default 4", group },
  parseCount,
);

/** What both ends of a copy are opened with. */
export const endpointFlags: readonly Flag<unknown>[] = [store, tmpdir, force, parallel];

/** For a source that is only looked at. */
export function sourceEndpoint(options: FlagValues): EndpointOptions {
  return { store: options.get(store), tmpdir: options.get(tmpdir) };
}

/** For a target. */
export function targetEndpoint(options: FlagValues): EndpointOptions {
  return { ...sourceEndpoint(options), force: options.get(force) };
}

function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 64) return count;
  throw new OciEncError("USAGE", `--parallel: ${JSON.stringify(text)} is not a number from 1 to 64`);
}
