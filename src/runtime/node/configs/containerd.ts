import { processorTables } from "../stream-processors.js";
import { fileText, type NodeConfigOptions, type NodeRuntimeConfig } from "./node-file.js";

/** Containerd itself, of whatever is set up with it: kubeadm, nerdctl. */
export const containerd: NodeRuntimeConfig = {
  name: "containerd",
  place: {
    kind: "containerd",
    config: "/etc/containerd/config.toml",
    program: "containerd",
    root: "/var/lib/containerd",
  },
  files: (options) => [
    {
      path: "/etc/containerd/config.toml",
      format: "toml",
      afterwards: "systemctl restart containerd",
      notes: ["Add the tables to what is there, or put all of it into a file that imports = [...] names there."],
      text: fileText([
        `version = ${fileVersion(options)}`,
        "",
        ...keyModel(options),
        ...pullTables(options),
        ...processorTables(options),
      ]),
    },
  ],
};

/** The newest version of the file that every containerd of the major version reads. */
export function fileVersion({ containerd: major = 1 }: NodeConfigOptions): 2 | 3 {
  return major === 2 ? 3 : 2;
}

/** The default, written out: CRI sends the decoder what belongs to a layer. */
function keyModel({ containerd: major = 1 }: NodeConfigOptions): readonly string[] {
  if (major === 2) return [];
  return ['[plugins."io.containerd.grpc.v1.cri".image_decryption]', '  key_model = "node"', ""];
}

/** How CRI of containerd 2.1 and later pulls, and an empty line. */
export function pullTables({ containerd: major = 1, pull = "transfer" }: NodeConfigOptions): readonly string[] {
  if (major === 1) return [];
  if (pull === "transfer") {
    return [
      "# The default of containerd 2.1, written out: CRI pulls by the transfer service, which sends no payload, so the decoder looks",
      "# in the content store. Image verifiers are asked.",
      "[plugins.'io.containerd.cri.v1.images']",
      "  use_local_image_pull = false",
      "",
    ];
  }
  return [
    "# CRI pulls by itself: it sends the decoder a payload, and asks no image verifier. Containerd 2.0 does so in any case, and warns",
    "# that it does not know the key.",
    "[plugins.'io.containerd.cri.v1.images']",
    "  use_local_image_pull = true",
    "",
    "[plugins.'io.containerd.cri.v1.images'.image_decryption]",
    "  key_model = 'node'",
    "",
  ];
}
