import { quoted } from "../stream-processors.js";
import { fileText, type NodeRuntimeConfig } from "./node-file.js";

/** Where CRI-O looks for the node's keys. */
export const crioKeysPath = "/etc/crio/keys/";

/** CRI-O decrypts layers itself, with the same library as skopeo: it needs only the keys. */
export const crio: NodeRuntimeConfig = {
  name: "crio",
  place: { kind: "crio", config: "/etc/crio/crio.conf", program: "crio" },
  files: ({ keysPath = crioKeysPath }) => [
    {
      path: "/etc/crio/crio.conf.d/10-decryption.conf",
      format: "toml",
      afterwards: "systemctl restart crio",
      notes: [
        "CRI-O decrypts layers itself and uses no stream processor. Its keys are PKCS#8 or PKCS#1 files without a passphrase, and no links.",
      ],
      text: fileText(["[crio.runtime]", `decryption_keys_path = ${quoted(keysPath)}`]),
    },
  ],
};
