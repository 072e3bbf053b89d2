import { existsSync } from "node:fs";
import type { SchemeSettings } from "../../crypt/key-wrapper.js";
import { accessTo, decidingRefusal } from "../../crypt/layer-access.js";
import { readKeysDirectory } from "../../decoder/keys-directory.js";
import { readableKeys } from "../../decoder/readable-keys.js";
import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { isEncrypted } from "../../oci/media-type.js";
import { printPlatform } from "../../oci/platform.js";
import type { UsedImage } from "../../policy/check-image.js";
import { defaultProviderConfig } from "../node/stream-processors.js";
import type { VerifierRules } from "./verifier-rules.js";

/** Where the node's keys are. */
type NodeKeys = Pick<VerifierRules, "keysPath" | "providerConfig">;

/**
 * Demands that the node's keys open the envelope of every encrypted layer, as the decoder would have to. A snapshot that
 * somebody has pulled earlier is then of no use to whoever has no key. KEY_MISMATCH, KEY_PROVIDER, CORRUPT and UNSUPPORTED
 * as decrypting throws; NOT_FOUND for an image whose manifest is not there; LOCAL_IO.
 */
export async function requireOpen(
  images: readonly UsedImage[],
  node: NodeKeys,
  signal: AbortSignal,
): Promise<{ readonly opened: number }> {
  const layers = images.flatMap((image) => layersOf(image));
  // The same layer is in the images of several platforms.
  const different = new Map(layers.map((one) => [JSON.stringify([one.layer.mediaType, one.layer.annotations]), one]));
  if (different.size === 0) return { opened: 0 };
  const keys = readKeysDirectory(node.keysPath);
  const settings: SchemeSettings = { environment: providerEnvironment(node.providerConfig) };
  for (const { layer, where } of different.values()) {
    const keyring = await readableKeys(keys, layer.annotations, { ...settings, signal });
    const refusal = decidingRefusal([await accessTo(layer, keyring)]);
    if (refusal === undefined) continue;
    throw refusal.with({
      message: `the keys of this node do not open ${where}: ${refusal.message}`,
      hint: refusal.code === "KEY_MISMATCH" ? `put the key for it into ${JSON.stringify(node.keysPath)}` : refusal.hint,
    });
  }
  return { opened: different.size };
}

interface WantedLayer {
  readonly layer: Descriptor;
  /** `layer 2 of linux/amd64`. */
  readonly where: string;
}

function layersOf({ descriptor, platform, layers }: UsedImage): readonly WantedLayer[] {
  if (layers === undefined) {
    throw new OciEncError("NOT_FOUND", `the manifest ${descriptor.digest}, which the index names, is not there`);
  }
  const of = platform === undefined ? "" : ` of ${printPlatform(platform)}`;
  return layers
    .map((layer, index) => ({ layer, where: `layer ${index + 1}${of}` }))
    .filter(({ layer }) => isEncrypted(layer.mediaType));
}

/** As the decoder is started: with the list of key providers where it usually is, unless another is named. */
function providerEnvironment(named: string | undefined): Readonly<Record<string, string | undefined>> {
  const variable = "OCICRYPT_KEYPROVIDER_CONFIG";
  const usual = existsSync(defaultProviderConfig) ? defaultProviderConfig : undefined;
  return { ...process.env, [variable]: named ?? (process.env[variable] || usual) };
}
