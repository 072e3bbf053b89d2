import type { NodeRuntimeConfig } from "./node-file.js";
import { rancherFiles } from "./rancher-template.js";

/** K3s, which brings its own containerd. */
export const k3s: NodeRuntimeConfig = {
  name: "k3s",
  place: {
    kind: "containerd",
    config: "/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
    program: "/var/lib/rancher/k3s/data/current/bin/containerd",
    root: "/var/lib/rancher/k3s/agent/containerd",
  },
  files: (options) =>
    rancherFiles(
      { directory: "k3s", afterwards: "systemctl restart k3s, or k3s-agent", since: "k3s 1.31.6, 1.32.2" },
      options,
    ),
};
