import { printPlatform } from "../../../doors/index.js";
import { type Flag, toggle } from "../../options/flag.js";
import { openingFlags, readSettings, settingFlags } from "../../options/keys/key-flags.js";
import { readKeys } from "../../options/keys/keys.js";
import { readLimits } from "../../options/limits.js";
import { treePlainMode } from "../../options/plain-mode.js";
import { force, onlyEndpoint, sourceFlags } from "../../options/registry/endpoints.js";
import { readRules, trustConflicts, trustFlags, trustNeeds } from "../../options/signing/trust-flags.js";
import { onePlatform, readPlatform, xattrs } from "../../options/unpacking.js";
import type { Command } from "../command.js";

const bundle: Flag<boolean> = toggle({
  name: "bundle",
  about: "write an OCI runtime bundle: DIR/rootfs and DIR/config.json",
  group: "Unpacking:",
});

/** `unpack IMAGE DIR`. */
export const unpack: Command = {
  arguments: [
    { name: "IMAGE", names: "image", about: "a name in the local store, or a reference to an image anywhere" },
    { name: "DIR", about: "where to: a new directory, or an empty one" },
  ],
  flags: [
    ...openingFlags,
    ...settingFlags,
    onePlatform,
    bundle,
    xattrs,
    treePlainMode,
    force,
    ...trustFlags,
    ...sourceFlags,
  ],
  conflicts: [[bundle, force], ...trustConflicts],
  needs: trustNeeds,
  examples: [
    "oci-enc unpack app:1 rootfs",
    "oci-enc unpack -k key.pem --bundle app:1-enc bundle && runc run --bundle bundle app",
    "oci-enc unpack --platform linux/arm64 --xattrs skip oci:images:app rootfs",
  ],
  async run(invocation) {
    const { options, progress, signal } = invocation;
    const [image = "", directory = ""] = invocation.arguments;
    const { bundleImage, unpackImage } = await import("../../../doors/unpack.js");
    const settings = {
      platform: await readPlatform(options),
      keys: await readKeys(invocation),
      xattrs: options.get(xattrs),
      plainMode: options.get(treePlainMode),
      force: options.get(force),
      limits: readLimits(options),
      settings: readSettings(options),
      rules: await readRules(invocation),
      source: await onlyEndpoint(invocation),
      progress,
      signal,
    };
    const unpacked = await (options.get(bundle) ? bundleImage : unpackImage)(image, directory, settings);
    const { manifest, platform, encrypted } = unpacked;
    return {
      kind: "report",
      document: {
        reference: unpacked.reference,
        directory: unpacked.directory,
        digest: manifest.digest,
        platform: platform ? printPlatform(platform) : null,
        encrypted,
        bundle: options.get(bundle),
      },
      text: manifest.digest,
      writes: true,
    };
  },
};
