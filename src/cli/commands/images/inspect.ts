import { listTransports } from "../../../transport/references.js";
import { type Flag, toggle } from "../../options/flag.js";
import { format, json } from "../../options/output.js";
import { platform, readPlatforms } from "../../options/platforms.js";
import { onlyEndpoint, sourceFlags } from "../../options/registry/endpoints.js";
import type { Command } from "../command.js";

const group = "Output:";

const raw: Flag<boolean> = toggle({ name: "raw", about: "print the manifest or index, byte for byte", group });

const config: Flag<boolean> = toggle({
  name: "config",
  about: "print the config, byte for byte: of --platform, else of this machine's, else the only one",
  group,
});

/** `inspect IMAGE`. */
export const inspect: Command = {
  arguments: [{ name: "IMAGE", names: "image", about: listTransports() }],
  flags: [platform, raw, config, ...sourceFlags],
  conflicts: [
    [raw, config],
    [raw, json],
    [config, json],
    [raw, format],
    [config, format],
    [raw, platform],
  ],
  examples: [
    "oci-enc inspect app:1",
    "oci-enc inspect --format '{{.digest}}' app:1",
    "oci-enc inspect --config --platform linux/arm64 oci:images:app",
    "oci-enc inspect --raw oci-archive:app.tar | sha256sum",
  ],
  async run(invocation) {
    const { options, progress, signal } = invocation;
    const [{ inspectImage }, { configOf }, { imageDocument, imageText }] = await Promise.all([
      import("../../../doors/index.js"),
      import("./config-choice.js"),
      import("../../output/tables/image-text.js"),
    ]);
    const platforms = await readPlatforms(options);
    const image = await inspectImage(invocation.arguments[0] ?? "", {
      platforms,
      source: await onlyEndpoint(invocation),
      progress,
      signal,
    });
    if (options.get(raw)) return { kind: "bytes", bytes: image.rootBytes };
    if (options.get(config)) return { kind: "bytes", bytes: configOf(image, { wanted: platforms?.[0], progress }) };
    return { kind: "report", document: imageDocument(image), text: imageText(image) };
  },
};
