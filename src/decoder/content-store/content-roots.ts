import { join } from "node:path";
import { homeDirectory } from "../../files/home-directory.js";

/** The folder of a root of containerd in which the content store is. */
const storeName = "io.containerd.content.v1.content";

/** The `root` of containerd, as distributions set it. kind's nodes have the first. */
const systemRoots = [
  "/var/lib/containerd",
  "/var/lib/docker/containerd/daemon",
  "/var/lib/rancher/k3s/agent/containerd",
  "/var/lib/rancher/rke2/agent/containerd",
  "/var/snap/microk8s/common/var/lib/containerd",
  "/var/lib/k0s/containerd",
];

/** The same below a user's own directory for data, where no root is needed. */
const rootlessRoots = ["containerd", "docker/containerd/daemon"];

/**
 * The content stores in which a layer may lie. `root`: the `root` of containerd's configuration, or the content store itself
 * (`…/io.containerd.content.v1.content`); undefined: every usual one. Whether they exist is not looked at.
 */
export function contentStores(root: string | undefined): readonly string[] {
  if (root !== undefined) return [root.replace(/\/+$/, "").endsWith(storeName) ? root : join(root, storeName)];
  const home = homeDirectory();
  const data = process.env["XDG_DATA_HOME"] || join(home, ".local/share");
  const rootless = [...rootlessRoots.map((name) => join(data, name)), join(home, ".rancher/k3s/agent/containerd")];
  return [...systemRoots, ...rootless].map((one) => join(one, storeName));
}
