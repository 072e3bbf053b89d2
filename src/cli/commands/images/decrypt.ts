import { listTransports } from "../../../transport/references.js";
import { type Flag, toggle } from "../../options/flag.js";
import { inPlace, inPlaceTarget, requireInPlace } from "../../options/in-place.js";
import { openingFlags, readSettings, settingFlags } from "../../options/keys/key-flags.js";
import { readKeys } from "../../options/keys/keys.js";
import { excludeLayer, layer, readLayers } from "../../options/layers.js";
import { readLimits } from "../../options/limits.js";
import { filePlainMode } from "../../options/plain-mode.js";
import { allPlatforms, platform, readPlatforms } from "../../options/platforms.js";
import type { Command } from "../command.js";
import { transferConflicts, transferFlags, transferNeeds } from "../transfer/transfer-flags.js";

const group = "Layers and platforms:";

const partial: Flag<boolean> = toggle({
  name: "partial",
  about: "leave layers encrypted that no key decrypts; by default every chosen layer must be decrypted",
  group,
});

const noVerifyContent: Flag<boolean> = toggle({
  name: "no-verify-content",
  about: "accept content that differs from the digest encrypted with it, or from the config's diff id",
  group,
});

/** `decrypt SRC [DST]`. */
export const decrypt: Command = {
  arguments: [
    { name: "SRC", names: "image", about: `the image to decrypt: ${listTransports(({ encrypted }) => encrypted)}` },
    inPlaceTarget("where the decrypted image goes"),
  ],
  flags: [
    ...openingFlags,
    ...settingFlags,
    layer,
    excludeLayer,
    platform,
    allPlatforms,
    partial,
    noVerifyContent,
    inPlace,
    ...transferFlags,
    filePlainMode,
  ],
  conflicts: [[allPlatforms, platform], ...transferConflicts],
  needs: transferNeeds,
  examples: [
    "oci-enc decrypt -k key.pem app:1-enc app:1",
    "oci-enc decrypt -k key.pem:file=password.txt oci:encrypted:app docker-archive:app.tar",
    "oci-enc decrypt -k key.pem:prompt --partial --platform linux/arm64 oci:encrypted:app oci:images:app",
  ],
  async run(invocation) {
    await requireInPlace(invocation);
    const { options, progress, signal } = invocation;
    const [{ decryptLayers }, { transferImage }] = await Promise.all([
      import("../../../doors/index.js"),
      import("../transfer/transfer.js"),
    ]);
    const transform = await decryptLayers({
      keys: await readKeys(invocation),
      select: await readLayers(options),
      partial: options.get(partial),
      verifyContent: !options.get(noVerifyContent),
      limits: readLimits(options),
      settings: readSettings(options),
      progress,
      signal,
    });
    return transferImage(invocation, {
      transform,
      platforms: await readPlatforms(options),
      otherPlatforms: "keep",
      plainMode: options.get(filePlainMode),
    });
  },
};
