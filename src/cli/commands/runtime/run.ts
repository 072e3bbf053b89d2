import { containerFlags, readContainer } from "../../options/container.js";
import { type Flag, single, toggle } from "../../options/flag.js";
import { openingFlags, readSettings, settingFlags } from "../../options/keys/key-flags.js";
import { readKeys } from "../../options/keys/keys.js";
import { readLimits } from "../../options/limits.js";
import { refuseJson } from "../../options/output.js";
import { onlyEndpoint, sourceFlags, tmpdir } from "../../options/registry/endpoints.js";
import { readRules, trustConflicts, trustFlags, trustNeeds } from "../../options/signing/trust-flags.js";
import { onePlatform, readPlatform, xattrs } from "../../options/unpacking.js";
import type { Command } from "../command.js";

const group = "Container:";

const rm: Flag<boolean> = toggle({
  name: "rm",
  about: "remove everything when the container ends, which is the default",
  group,
});

const keep: Flag<string | undefined> = single({
  name: "keep",
  placeholder: "DIR",
  about: "unpack the bundle into this new directory, and leave it there",
  group,
});

const runtime: Flag<string | undefined> = single({
  name: "runtime",
  placeholder: "PATH",
  about: "the OCI runtime; default runc, else crun",
  group,
});

const layerCache: Flag<string | undefined> = single({
  name: "layer-cache",
  placeholder: "DIR",
  about: "keep decrypted layers here for the next time, each encrypted for those who can decrypt the layer itself",
  group,
});

const noUserNamespace: Flag<boolean> = toggle({
  name: "no-user-namespace",
  about: "as root: let root of the container be root of this machine; for images that you trust with it",
  group,
});

/** `run IMAGE [CMD…]`. */
export const run: Command = {
  arguments: [
    { name: "IMAGE", names: "image", about: "a name in the local store, or a reference to an image anywhere" },
    { name: "CMD", about: "the command and its arguments, in place of the image's", optional: true, repeats: true },
  ],
  passesOn: true,
  flags: [
    ...openingFlags,
    ...settingFlags,
    onePlatform,
    rm,
    keep,
    runtime,
    ...containerFlags,
    noUserNamespace,
    layerCache,
    xattrs,
    ...trustFlags,
    ...sourceFlags,
  ],
  conflicts: [[rm, keep], ...trustConflicts],
  needs: trustNeeds,
  examples: [
    "oci-enc run --rm --key key.pem app:1-enc",
    "oci-enc run -k key.pem -e MODE=test -v $PWD:/work -w /work app:1-enc sh -c 'ls -l'",
    "oci-enc run --keep bundle --runtime /usr/bin/crun app:1",
  ],
  async run(invocation) {
    refuseJson(invocation.options);
    const { options, progress, signal } = invocation;
    const [image = "", ...command] = invocation.arguments;
    const { openLayerCache, runImage } = await import("../../../doors/unpack.js");
    const cache = options.get(layerCache);
    const status = await runImage(image, {
      ...readContainer(options),
      command,
      runtime: options.get(runtime),
      keep: options.get(keep),
      userNamespace: !options.get(noUserNamespace),
      tmpdir: options.get(tmpdir),
      terminal: process.stdin.isTTY && process.stdout.isTTY,
      platform: await readPlatform(options),
      keys: await readKeys(invocation),
      cache: cache === undefined ? undefined : await openLayerCache(cache),
      xattrs: options.get(xattrs),
      limits: readLimits(options),
      settings: readSettings(options),
      rules: await readRules(invocation),
      source: await onlyEndpoint(invocation),
      progress,
      signal,
    });
    return { kind: "status", status };
  },
};
