import type { WarningPages } from "../explanation.js";

/** Warnings of commands that put files of an image on this machine or run it, and about locks and registries. */
export const machineWarnings: WarningPages = {
  DEVICE_NOT_MADE: {
    meaning: "device nodes of the image are empty files",
    causes: ["Only root can make device nodes."],
    remedies: ["Most programs do not need them: a container gets its own /dev. Otherwise unpack as root."],
    takes: "a certain machine, user or file system",
  },
  ENTRY_IGNORED: {
    meaning: "an entry of a layer is not unpacked",
    causes: ["It is a file that a storage driver keeps for itself, and not a part of the file system."],
    remedies: ["Nothing is to be done."],
    takes: "an image as another tool builds it",
  },
  ENTRY_REPEATED: {
    meaning: "a layer has the same path twice",
    causes: ["The tool that built the image wrote it twice. The last one counts, as in other tools."],
    remedies: ["If the content looks wrong, build the image again."],
    takes: "an image as another tool builds it",
  },
  LOCK_HELD: {
    meaning: "the command waits for another one",
    causes: ["Another command writes to the same layout or store. The message says which, and since when."],
    remedies: ["Let it end. A lock whose process has ended is taken over by itself."],
    takes: "another command at the same time",
  },
  NO_USER_NAMESPACE: {
    meaning: "root of the container is root of this machine",
    causes: ["The container runs without a user namespace."],
    remedies: ["Run only what you trust as your own root shell, or run it as a normal user."],
    takes: "a certain machine, user or file system",
  },
  OWNER_NOT_KEPT: {
    meaning: "files belong to you, and not to their owners in the image",
    causes: ["Only root can change owners, or an owner is outside the ids of the container."],
    remedies: ["Unpack as root if the owners matter."],
    takes: "a certain machine, user or file system",
  },
  PLAIN_ON_DISK: {
    meaning: "the files of an encrypted image are on disk while it runs",
    causes: ["The image is too large for memory, or this machine does not let its files be kept there."],
    remedies: [
      "They are removed at the end. If the disk must never hold them, give the machine more memory, or let `--tmpdir` be on an encrypted disk.",
    ],
    takes: "a certain machine, user or file system",
  },
  REGISTRY_WARNING: {
    meaning: "the registry says something to its users",
    causes: ["It sent a warning with its answer, for example that an interface will be turned off."],
    remedies: ["Read it, and ask the owner of the registry."],
    takes: "a registry that answers so",
  },
  TREE_CLOSED: {
    meaning: "only you can reach the unpacked directory",
    causes: ["The image has setuid files, capabilities or devices, which others should not reach by accident."],
    remedies: ["`--plain-mode 0755` lets others in."],
    takes: "an image as another tool builds it",
  },
  UNKNOWN_VARIABLE: {
    meaning: "a variable that begins with OCI_ENC_ names no option",
    causes: ["Its name has a slip, or the option was renamed. It changes nothing."],
    remedies: ["Correct the name, as the message says, or unset the variable. docs/cli.md has every option."],
    example: {
      line: "OCI_ENC_RECIPENT=jwe:alice.pub.pem oci-enc images",
      because: "The option is called `--recipient`.",
    },
  },
  UNPACKED_PLAIN: {
    meaning: "the image is encrypted, and what is unpacked is not",
    causes: ["`unpack` writes the decrypted files of the image into a directory."],
    remedies: ["Remove the directory when it is not needed any more, or keep it on an encrypted disk."],
    takes: "an image as another tool builds it",
  },
  VOLUME_IGNORED: {
    meaning: "a volume of the image is left out",
    causes: ["Its path is not absolute and normalized, or leads to a directory of the system such as /proc."],
    remedies: ["Correct the VOLUME in the Containerfile of the image."],
    takes: "an image as another tool builds it",
  },
  XATTR_NOT_KEPT: {
    meaning: "extended attributes were left out",
    causes: ["The file system, or your user, cannot have them. Capabilities of files are among them."],
    remedies: ["Unpack as root, on a file system with extended attributes."],
    takes: "a certain machine, user or file system",
  },
};
