import { processorTables } from "../stream-processors.js";
import { fileVersion } from "./containerd.js";
import { fileText, type NodeRuntimeConfig } from "./node-file.js";

/** Docker Engine. It sends no payload, and its images have to be in containerd's store. */
export const docker: NodeRuntimeConfig = {
  name: "docker",
  place: { kind: "docker", config: "/etc/docker/daemon.json", program: "dockerd" },
  files: (options) => [
    {
      path: "/etc/docker/daemon.json",
      format: "json",
      afterwards: "systemctl restart docker",
      notes: [
        "Add the member to what is there. Docker Engine 29 has it so on new installations. Images that are in the old store",
        "are not shown until it is off again. It does not go together with userns-remap.",
      ],
      text: fileText(["{", '  "features": { "containerd-snapshotter": true }', "}"]),
    },
    {
      path: "/etc/containerd/config.toml",
      format: "toml",
      afterwards: "systemctl restart containerd docker",
      notes: [
        "Add the tables to what is there. A dockerd that starts a containerd of its own, as Docker's static binaries do, reads no",
        "such file: it uses a ctd-decoder on its PATH, with the keys of /etc/containerd/ocicrypt/keys, for gzip and plain tar.",
      ],
      text: fileText([`version = ${fileVersion(options)}`, "", ...processorTables(options)]),
    },
  ],
};
