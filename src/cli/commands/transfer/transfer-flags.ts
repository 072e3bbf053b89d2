import type { CopyImageOptions } from "../../../doors/index.js";
import { type Flag, repeated, single, toggle, yesOrNo } from "../../options/flag.js";
import type { FlagValues } from "../../options/flag-values.js";
import { endpointFlags } from "../../options/registry/endpoints.js";
import {
  signBy,
  signByFlags,
  signBySigstore,
  signIdentity,
  signPassphraseFile,
} from "../../options/signing/signing-flags.js";
import { trustConflicts, trustFlags, trustNeeds } from "../../options/signing/trust-flags.js";
import type { Command } from "../command.js";

const group = "Output:";
const targetGroup = "Source and target:";

/** A file for the digest. */
export const digestfile: Flag<string | undefined> = single({
  name: "digestfile",
  placeholder: "FILE",
  about: "write the digest of the result into this file",
  group,
  topic: "output",
});

/** Write nothing. */
export const dryRun: Flag<boolean> = toggle({
  name: "dry-run",
  about: "print what would be done, and write nothing",
  group,
  topic: "output",
  everyday: true,
});

/** Whether to copy what refers to the image. */
export const referrers: Flag<boolean | undefined> = yesOrNo({
  name: "referrers",
  about: "copy signatures and whatever else refers to the image, or fail; default: what the source lists",
  group: targetGroup,
  topic: "signing",
});

const signaturesOnly: Flag<boolean> = toggle({
  name: "signatures-only",
  about: "copy only signatures of what refers to the image",
  group: targetGroup,
});

/** Leave them behind, and say nothing of it. */
export const removeSignatures: Flag<boolean> = toggle({
  name: "remove-signatures",
  about: "do not copy the signatures of the image",
  group: targetGroup,
  topic: "signing",
});

const preserveDigests: Flag<boolean> = toggle({
  name: "preserve-digests",
  about: "refuse what would give the image another digest",
  group: targetGroup,
});

const additionalTag: Flag<readonly string[]> = repeated({
  name: "additional-tag",
  placeholder: "TAG",
  about: "another tag for the image in the registry it goes to",
  group: targetGroup,
});

const skipExisting: Flag<boolean> = toggle({
  name: "skip-existing",
  about: "leave the target as it is when it names an image already",
  group: targetGroup,
});

/** What the commands that copy an image to another place take as well. */
export const copyFlags: readonly Flag<unknown>[] = [signaturesOnly, preserveDigests, additionalTag, skipExisting];

/** An image that is left as it is gets no further tags either. */
export const copyConflicts: readonly (readonly [Flag<unknown>, Flag<unknown>])[] = [
  [skipExisting, additionalTag],
  [signaturesOnly, removeSignatures],
];

/** What {@link copyFlags} say, for the library. */
export function readCopyFlags(options: FlagValues): CopyFlagValues {
  return {
    signaturesOnly: options.get(signaturesOnly),
    preserveDigests: options.get(preserveDigests),
    additionalTags: options.get(additionalTag),
    skipExisting: options.get(skipExisting),
  };
}

/** The members of the library's options that {@link copyFlags} set. */
export type CopyFlagValues = Pick<
  CopyImageOptions,
  "signaturesOnly" | "preserveDigests" | "additionalTags" | "skipExisting"
>;

/** What every command that writes an image takes. */
export const transferFlags: readonly Flag<unknown>[] = [
  ...trustFlags,
  ...signByFlags,
  referrers,
  removeSignatures,
  ...endpointFlags,
  digestfile,
  dryRun,
];

/** Among {@link transferFlags}. */
export const transferConflicts: NonNullable<Command["conflicts"]> = trustConflicts;

/** Among {@link transferFlags}. */
export const transferNeeds: NonNullable<Command["needs"]> = [
  ...trustNeeds,
  [signIdentity, signBy, signBySigstore],
  [signPassphraseFile, signBy, signBySigstore],
];
