import type { LayerTransform } from "../../index.js";
import type { Flag } from "../options/flag.js";
import { anonymous, key, recipient, recipientsFile } from "../options/key-flags.js";
import { readKeys, readRecipients } from "../options/keys.js";
import { excludeLayer, layer, readLayers } from "../options/layers.js";
import type { Command, Invocation } from "./command.js";

/** Options of a copy that seals. */
export const sealFlags: readonly Flag<unknown>[] = [recipient, recipientsFile, anonymous];

/** Which of the options of a copy that seals mean nothing without a recipient. */
export const sealNeeds: NonNullable<Command["needs"]> = [[anonymous, recipient, recipientsFile]];

/** What a copy that was given recipients does to layers; undefined when it was given none. */
export async function sealTransform(invocation: Invocation): Promise<LayerTransform | undefined> {
  const { options, progress } = invocation;
  if (!options.given(recipient) && !options.given(recipientsFile)) return undefined;
  const { encryptLayers } = await import("../../index.js");
  const select = await readLayers(options);
  return encryptLayers({
    keys: await readRecipients(invocation),
    select,
    anonymous: options.get(anonymous),
    progress,
  });
}

/** What a copy that was given keys does to layers; undefined when it was given none. */
export async function openTransform(invocation: Invocation): Promise<LayerTransform | undefined> {
  const { options, progress } = invocation;
  if (!options.given(key)) return undefined;
  const { decryptLayers } = await import("../../index.js");
  const select = await readLayers(options);
  return decryptLayers({ keys: await readKeys(invocation), select, progress });
}

/** Options that pick layers. */
export const layerFlags: readonly Flag<unknown>[] = [layer, excludeLayer];
