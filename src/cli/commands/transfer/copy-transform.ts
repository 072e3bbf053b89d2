import type { LayerTransform } from "../../../doors/index.js";
import type { Flag } from "../../options/flag.js";
import {
  anonymous,
  hasKeys,
  key,
  keysDir,
  openingFlags,
  readSettings,
  recipient,
  recipientsFile,
  settingFlags,
} from "../../options/keys/key-flags.js";
import { readKeys, readRecipients } from "../../options/keys/keys.js";
import { excludeLayer, layer, readLayers } from "../../options/layers.js";
import { filePlainMode } from "../../options/plain-mode.js";
import type { Command, Invocation } from "../command.js";

type Needs = NonNullable<Command["needs"]>;

/** Options of a copy that may encrypt. */
export const encryptFlags: readonly Flag<unknown>[] = [recipient, recipientsFile, anonymous];

/** Options of a copy that may decrypt. */
export const decryptFlags: readonly Flag<unknown>[] = openingFlags;

/** Options of a copy that may do either: which layers, and where the keys' tools are. */
export const layerFlags: readonly Flag<unknown>[] = [layer, excludeLayer, ...settingFlags];

const encryption = [recipient, recipientsFile];
const decryption = [key, keysDir];

/** What requires a recipient, in a copy that may encrypt. */
export const encryptNeeds: Needs = needsOf(encryption);

/** What requires a key, in a copy that may decrypt. */
export const decryptNeeds: Needs = [...needsOf(decryption), [filePlainMode, key, keysDir]];

/** The same in a copy that may do either. */
export const encryptOrDecryptNeeds: Needs = [...needsOf([...encryption, ...decryption]), [filePlainMode, key, keysDir]];

/** One copy encrypts or decrypts. */
export const encryptOrDecryptConflicts: NonNullable<Command["conflicts"]> = encryption.flatMap((one) =>
  decryption.map((other) => [one, other] as const),
);

/** What a copy that was given recipients does to layers; undefined when it was given none. */
export async function encryptTransform(invocation: Invocation): Promise<LayerTransform | undefined> {
  const { options, progress, signal } = invocation;
  if (!encryption.some((flag) => options.given(flag))) return undefined;
  const { encryptLayers } = await import("../../../doors/index.js");
  const select = await readLayers(options);
  const keys = await readRecipients(invocation);
  const settings = readSettings(options);
  return encryptLayers({ keys, select, anonymous: options.get(anonymous), settings, progress, signal });
}

/** What a copy that was given keys does to layers; undefined when it was given none. */
export async function decryptTransform(invocation: Invocation): Promise<LayerTransform | undefined> {
  const { options, progress, signal } = invocation;
  if (!hasKeys(options)) return undefined;
  const { decryptLayers } = await import("../../../doors/index.js");
  const select = await readLayers(options);
  const keys = await readKeys(invocation);
  return decryptLayers({ keys, select, settings: readSettings(options), progress, signal });
}

function needsOf(keys: readonly Flag<unknown>[]): Needs {
  const always: Needs = [
    [layer, ...keys],
    [excludeLayer, ...keys],
  ];
  return keys.includes(recipient) ? [...always, [anonymous, ...encryption]] : always;
}
