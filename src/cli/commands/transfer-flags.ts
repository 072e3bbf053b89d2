import { endpointFlags } from "../options/endpoints.js";
import { type Flag, single, toggle } from "../options/flag.js";

const group = "Output:";

/** A file for the digest. */
export const digestfile: Flag<string | undefined> = single({
  name: "digestfile",
  placeholder: "FILE",
  about: "write the digest of the result into this file",
  group,
});

/** Look, and write nothing. */
export const dryRun: Flag<boolean> = toggle({
  name: "dry-run",
  about: "say what would be done, and write nothing",
  group,
});

/** What every command that writes an image takes. */
export const transferFlags: readonly Flag<unknown>[] = [...endpointFlags, digestfile, dryRun];
