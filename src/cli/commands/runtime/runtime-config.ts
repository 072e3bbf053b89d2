import { OciEncError } from "../../../errors.js";
import { nodeRuntimeConfigs } from "../../../runtime/node/configs/rows.js";
import { type Flag, parsed, single } from "../../options/flag.js";
import type { Argument, Command } from "../command.js";

const group = "Node:";

const decoderPath: Flag<string | undefined> = single({
  name: "decoder",
  placeholder: "PATH",
  about: "where the stream processor is; default ctd-decoder, looked up on containerd's PATH",
  group,
});

const containerdVersion: Flag<1 | 2 | undefined> = parsed(
  {
    name: "containerd-version",
    placeholder: "VERSION",
    about:
      "containerd's, from 1.6 on, as 1.7 or 2.1.4; default 2 for k3s, rke2 and kind, else 1.7, whose files 2 reads too",
    group,
  },
  majorOf,
);

const pull: Flag<"transfer" | "local" | undefined> = {
  ...parsed(
    {
      name: "pull",
      placeholder: "transfer|local",
      about:
        "how containerd 2.1 and later pull for Kubernetes: by their transfer service, the default, or by CRI itself, which asks no image verifier",
      group,
    },
    (text) => {
      if (text === "transfer" || text === "local") return text;
      throw new OciEncError("USAGE", `--pull: ${JSON.stringify(text)} is neither transfer nor local`);
    },
  ),
  choices: ["transfer", "local"],
};

const contentRoot: Flag<string | undefined> = single({
  name: "content-root",
  placeholder: "DIR",
  about: "the root of containerd's configuration, where it is not a usual one; the decoder is told",
  group,
});

/** Where the node's keys are. */
export const nodeKeys: Flag<string | undefined> = single({
  name: "decryption-keys-path",
  placeholder: "DIR",
  about: "the node's private keys; default /etc/containerd/ocicrypt/keys",
  group,
});

/** Where the node's key providers are listed. */
export const providerConfig: Flag<string | undefined> = single({
  name: "keyprovider-config",
  placeholder: "FILE",
  about: "the list of key providers; default /etc/containerd/ocicrypt/ocicrypt_keyprovider.conf",
  group,
});

/** What runs containers on a node. */
export const runtimeName: Argument = {
  name: "RUNTIME",
  about: nodeRuntimeConfigs.map(({ name }) => name).join(", "),
  choices: nodeRuntimeConfigs.map(({ name }) => name),
};

/** `runtime config RUNTIME`. */
export const runtimeConfig: Command = {
  arguments: [runtimeName],
  flags: [decoderPath, containerdVersion, pull, contentRoot, nodeKeys, providerConfig],
  examples: [
    "oci-enc runtime config containerd --decoder $(command -v ctd-decoder)",
    "oci-enc runtime config containerd --containerd-version 2.1 --pull local",
    "oci-enc runtime config docker --content-root /data/containerd",
    "oci-enc runtime config k3s >/var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.tmpl",
  ],
  async run({ arguments: [runtime = ""], options }) {
    const [containerd, way] = [options.get(containerdVersion), options.get(pull)];
    if (way !== undefined && containerd !== 2 && runtime === "containerd") {
      throw new OciEncError("USAGE", "--pull is for containerd 2.1 and later", {
        hint: "add --containerd-version 2.1",
      });
    }
    const { nodeConfig, nodeFiles } = await import("../../../doors/node.js");
    const asked = {
      decoder: options.get(decoderPath),
      keysPath: options.get(nodeKeys),
      providerConfig: options.get(providerConfig),
      contentRoot: options.get(contentRoot),
      containerd,
      pull: way,
    };
    const text = nodeConfig(runtime, asked);
    return {
      kind: "report",
      document: { runtime, config: text, files: nodeFiles(runtime, asked) },
      text: text.trimEnd(),
    };
  },
};

/** USAGE for what is no version, and for those that oci-enc does not know. */
function majorOf(text: string): 1 | 2 {
  const [, major = "", minor] = /^v?(\d+)(?:\.(\d+)(?:[.~+-].*)?)?$/.exec(text) ?? [];
  if (major === "2") return 2;
  if (major === "1" && (minor === undefined || Number(minor) >= 6)) return 1;
  throw new OciEncError("USAGE", `--containerd-version: ${JSON.stringify(text)} is neither 1.6, 1.7 nor a version 2`);
}
