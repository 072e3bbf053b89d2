import type { NodeRuntimeConfig } from "./node-file.js";
import { rancherFiles } from "./rancher-template.js";

/** RKE2, which does it as k3s does. */
export const rke2: NodeRuntimeConfig = {
  name: "rke2",
  place: {
    kind: "containerd",
    config: "/var/lib/rancher/rke2/agent/etc/containerd/config.toml",
    program: "/var/lib/rancher/rke2/bin/containerd",
    root: "/var/lib/rancher/rke2/agent/containerd",
  },
  files: (options) => {
    const afterwards = "systemctl restart rke2-server, or rke2-agent";
    return rancherFiles({ directory: "rke2", afterwards, since: "RKE2 1.31.6, 1.32.2" }, options);
  },
};
