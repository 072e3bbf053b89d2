import { containerd } from "./containerd.js";
import { crio } from "./crio.js";
import { docker } from "./docker.js";
import { k3s } from "./k3s.js";
import { kind } from "./kind.js";
import { microk8s } from "./microk8s.js";
import type { NodeRuntimeConfig } from "./node-file.js";
import { rke2 } from "./rke2.js";

/** Every runtime that a configuration can be printed for. */
export const nodeRuntimeConfigs: readonly NodeRuntimeConfig[] = [containerd, docker, crio, k3s, rke2, microk8s, kind];
