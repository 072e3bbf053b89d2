import { dirname } from "node:path";
import { defaultKeysPath, defaultProviderConfig, processorTables, quoted } from "../stream-processors.js";
import { pullTables } from "./containerd.js";
import { fileText, type NodeRuntimeConfig } from "./node-file.js";

/** Where the decoder is in a node of kind, if nothing else is said. */
const decoderPath = "/opt/oci-enc/bin/ctd-decoder";

/** A cluster of kind, whose nodes are containers: what they need of the machine is mounted into them. */
export const kind: NodeRuntimeConfig = {
  name: "kind",
  place: undefined,
  files: (options) => {
    const { decoder = decoderPath, keysPath = defaultKeysPath, providerConfig = defaultProviderConfig } = options;
    const tables = [
      ...(options.pull === undefined ? [] : pullTables({ ...options, containerd: options.containerd ?? 2 })),
      ...processorTables({ ...options, decoder }),
    ];
    // A list of key providers that lies beside the keys, as usual, comes along.
    const mounts = [dirname(dirname(decoder)), dirname(keysPath)];
    if (options.providerConfig !== undefined && !mounts.includes(dirname(providerConfig)))
      mounts.push(dirname(providerConfig));
    return [
      {
        path: "kind.yaml",
        format: "yaml",
        afterwards: "kind create cluster --config kind.yaml",
        notes: [
          "Add a node for each that the cluster shall have. The directory of the decoder has to bring Node with it, as that does which",
          "examples/kubernetes/node.yaml makes. Applied to the cluster instead, it makes all of this but the entry for zstd unnecessary.",
        ],
        text: fileText([
          "kind: Cluster",
          "apiVersion: kind.x-k8s.io/v1alpha4",
          "containerdConfigPatches:",
          "  - |-",
          ...tables.map((line) => (line === "" ? "" : `    ${line}`)),
          "nodes:",
          "  - role: control-plane",
          "    extraMounts:",
          ...mounts.flatMap((directory) => [
            `      - hostPath: ${quoted(directory)}`,
            `        containerPath: ${quoted(directory)}`,
            "        readOnly: true",
          ]),
        ]),
      },
    ];
  },
};
