import type { ImageReport } from "../../../doors/index.js";
import { type ChoiceOptions, chooseImage } from "../../../doors/internal.js";
import { OciEncError } from "../../../errors.js";

/** The config of the image that {@link chooseImage} takes. UNSUPPORTED when it is not the config of an image. */
export function configOf(
  { manifests, absent, reference }: ImageReport,
  options: Pick<ChoiceOptions, "wanted" | "progress">,
): Uint8Array {
  const images = manifests.filter(({ attestation }) => !attestation);
  const lacking = absent.map((descriptor) => ({ descriptor, platform: descriptor.platform }));
  const chosen = chooseImage(images, { ...options, name: reference, absent: lacking });
  if (chosen.configBytes !== undefined) return chosen.configBytes;
  throw new OciEncError(
    "UNSUPPORTED",
    `${reference} has a config that is not the config of an image: ${chosen.config.mediaType}`,
  );
}
