import { choice, type Flag, single } from "../../options/flag.js";
import { refuseJson } from "../../options/output.js";
import { writeResult } from "../../output/console/streams.js";
import type { Command } from "../command.js";

const group = "Image:";

const name: Flag<string | undefined> = single({
  name: "name",
  placeholder: "REF",
  about: "the reference that was asked for",
  group,
});

const digest: Flag<string | undefined> = single({
  name: "digest",
  placeholder: "DIGEST",
  about: "what containerd has resolved it to; this is judged, and never the tag",
  group,
});

const mediaType: Flag<string | undefined> = single({
  name: "stdin-media-type",
  placeholder: "TYPE",
  about: "what standard input holds: application/vnd.oci.descriptor.v1+json",
  group,
});

const operation: Flag<"pull" | "run"> = choice(
  { name: "operation", about: "why it is asked; the verdict is the same", group },
  ["pull", "run"],
);

const config: Flag<string | undefined> = single({
  name: "config",
  placeholder: "FILE",
  about: "the rules; default /etc/oci-enc/image-verifier.toml",
  group: "Rules:",
});

/** `runtime image-verifier`: what `oci-enc-image-verifier` is, under another name. Containerd prescribes how it answers. */
export const imageVerifier: Command = {
  arguments: [],
  flags: [name, digest, mediaType, operation, config],
  // Containerd starts it for every pull: what it does depends on its own file alone.
  configuration: "unread",
  oneDash: true,
  examples: [
    "oci-enc runtime image-verifier --config rules.toml -name registry.example/app:1 -digest sha256:… -stdin-media-type application/vnd.oci.descriptor.v1+json <descriptor.json",
  ],
  async run({ options, signal }) {
    refuseJson(options);
    const { runVerifier } = await import("../../../doors/node.js");
    const { allowed, reason } = await runVerifier({
      name: options.get(name),
      digest: options.get(digest),
      stdinMediaType: options.get(mediaType),
      operation: options.given(operation) ? options.get(operation) : undefined,
      config: options.get(config),
      input: process.stdin,
      log: (lines) => process.stderr.write(lines),
      signal,
    });
    // Whoever writes there, and does not end, would be waited for.
    process.stdin.destroy();
    await writeResult(`${reason}\n`);
    return { kind: "status", status: allowed ? 0 : 1 };
  },
  async failure(error) {
    const { failureLines } = await import("../../../doors/internal.js");
    const text = failureLines(error).trimEnd();
    await writeResult(`${text.split("\n")[0] ?? ""}\n`);
    return { status: 1, text };
  },
};
