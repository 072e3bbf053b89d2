import type { SchemeRow } from "../../scheme-row.js";
import { ageSuffix } from "../age/suffix.js";

/** Keys of OpenSSH, in age files. */
export const sshRow: SchemeRow = {
  scheme: "ssh",
  owns: (suffix) => suffix === ageSuffix,
  takes: "either",
  takesPassphrase: true,
  // A public key; a private one has lines.
  shown: (text) => (/^ssh-[a-z0-9]+ AAAA\S+/.test(text) ? `${text.slice(0, 24)}…` : "…"),
  help: {
    recipient: "ssh:FILE or ssh:'ssh-ed25519 AAAA…'",
    id: "ssh:ID",
    missingKey: "-k FILE",
  },
  describe: async (file) => (await import("./describe.js")).describeSshKeys(file),
  wantsPassphrase: async (value) => (await import("../../../keys/ssh/private-key.js")).isEncryptedSshKey(value),
  load: async () => (await import("./ssh.js")).ssh,
};
