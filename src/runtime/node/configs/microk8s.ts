import { processorTables } from "../stream-processors.js";
import { fileText, type NodeRuntimeConfig } from "./node-file.js";

/** MicroK8s, a snap with its own containerd. */
export const microk8s: NodeRuntimeConfig = {
  name: "microk8s",
  place: {
    kind: "containerd",
    config: "/var/snap/microk8s/current/args/containerd.toml",
    program: "/snap/microk8s/current/bin/containerd",
    root: "/var/snap/microk8s/common/var/lib/containerd",
  },
  files: (options) => [
    {
      path: "/var/snap/microk8s/current/args/containerd-template.toml",
      format: "toml",
      afterwards: "snap restart microk8s.daemon-containerd",
      notes: [
        "Add the tables at the end of what is there. The snap's containerd looks for programs in the snap first: name the decoder by its path.",
      ],
      text: fileText(processorTables(options)),
    },
  ],
};
