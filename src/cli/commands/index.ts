import type { CommandGroup, CommandRow } from "./command.js";

/** Every command by its group, both in the order of the help. What is behind a row is loaded when the command is used. */
export const groups: readonly CommandGroup[] = [
  {
    heading: "Images",
    commands: [
      {
        name: "encrypt",
        summary: "encrypt the layers of an image for one or more recipients",
        load: async () => (await import("./images/encrypt.js")).encrypt,
      },
      {
        name: "decrypt",
        summary: "decrypt the encrypted layers of an image",
        load: async () => (await import("./images/decrypt.js")).decrypt,
      },
      {
        name: "can-decrypt",
        summary: "say whether keys decrypt every layer of an image",
        load: async () => (await import("./images/can-decrypt.js")).canDecrypt,
      },
      {
        name: "copy",
        summary: "copy an image, and encrypt or decrypt it on the way where asked",
        load: async () => (await import("./images/copy.js")).copy,
      },
      {
        name: "pull",
        summary: "copy an image from a registry into the local store",
        load: async () => (await import("./images/pull.js")).pull,
      },
      {
        name: "push",
        summary: "copy an image from the local store into a registry",
        load: async () => (await import("./images/push.js")).push,
      },
      {
        name: "inspect",
        summary: "show an image's digest, platforms, config and history",
        load: async () => (await import("./images/inspect.js")).inspect,
      },
      {
        name: "layerinfo",
        summary: "show which layers are encrypted, and for whom",
        load: async () => (await import("./images/layerinfo.js")).layerinfo,
      },
      {
        name: "diff",
        summary: "compare the layers and recipients of two images",
        load: async () => (await import("./images/diff.js")).diff,
      },
      {
        name: "ls",
        summary: "list what is at a path in an image, without unpacking",
        load: async () => (await import("./images/ls.js")).ls,
      },
      {
        name: "cat",
        summary: "print a file of an image, without unpacking",
        load: async () => (await import("./images/cat.js")).cat,
      },
      {
        name: "unpack",
        summary: "unpack an image's file system, or a bundle for an OCI runtime",
        load: async () => (await import("./images/unpack.js")).unpack,
      },
    ],
  },
  {
    heading: "Recipients",
    commands: [
      {
        name: "recipients list",
        summary: "show who can decrypt each layer of an image",
        load: async () => (await import("./recipients/recipients-list.js")).recipientsList,
      },
      {
        name: "recipients add",
        summary: "let others decrypt an encrypted image, without moving a blob",
        load: async () => (await import("./recipients/recipients-add.js")).recipientsAdd,
      },
      {
        name: "recipients remove",
        summary: "remove recipients of an encrypted image; this does not revoke",
        load: async () => (await import("./recipients/recipients-remove.js")).recipientsRemove,
      },
      {
        name: "recipients set",
        summary: "make the recipients of an encrypted image exactly those of a file",
        load: async () => (await import("./recipients/recipients-set.js")).recipientsSet,
      },
      {
        name: "rekey",
        summary: "encrypt an image anew under new keys, which locks out whoever is not named",
        load: async () => (await import("./recipients/rekey.js")).rekey,
      },
    ],
  },
  {
    heading: "Keys",
    commands: [
      {
        name: "key generate",
        summary: "make a key pair",
        load: async () => (await import("./keys/key-generate.js")).keyGenerate,
      },
      {
        name: "key inspect",
        summary: "show what a key file holds, without its secrets",
        load: async () => (await import("./keys/key-inspect.js")).keyInspect,
      },
      {
        name: "key fingerprint",
        summary: "print the fingerprint of a key, the same for every form of it",
        load: async () => (await import("./keys/key-inspect.js")).keyFingerprint,
      },
    ],
  },
  {
    heading: "Signing",
    commands: [
      {
        name: "sign",
        summary: "sign an image or any artifact",
        load: async () => (await import("./signing/sign.js")).sign,
      },
      {
        name: "signatures",
        summary: "list what signs or refers to an image, without verifying it",
        load: async () => (await import("./signing/signatures.js")).signatures,
      },
      {
        name: "verify",
        summary: "check that an image is encrypted, for whom, and who signed it",
        load: async () => (await import("./signing/verify.js")).verify,
      },
    ],
  },
  {
    heading: "Registry",
    commands: [
      {
        name: "list-tags",
        summary: "list the tags of a repository",
        load: async () => (await import("./registry/list-tags.js")).listTags,
      },
      {
        name: "delete",
        summary: "delete an image from a registry",
        load: async () => (await import("./registry/delete.js")).deleteFromRegistry,
      },
      {
        name: "login",
        summary: "log in to a registry",
        load: async () => (await import("./registry/login.js")).login,
      },
      {
        name: "logout",
        summary: "forget the credentials for a registry",
        load: async () => (await import("./registry/logout.js")).logout,
      },
    ],
  },
  {
    heading: "Store",
    commands: [
      {
        name: "images",
        summary: "list the images of the local store, or of a layout",
        load: async () => (await import("./store/images.js")).images,
      },
      {
        name: "tag",
        summary: "give an image of the local store another name",
        load: async () => (await import("./store/tag.js")).tag,
      },
      {
        name: "rm",
        summary: "remove images from the local store",
        load: async () => (await import("./store/rm.js")).rm,
      },
      {
        name: "gc",
        summary: "remove what no image of the local store needs",
        load: async () => (await import("./store/gc.js")).gc,
      },
    ],
  },
  {
    heading: "Runtime",
    commands: [
      {
        name: "run",
        summary: "run an image with runc or crun, to try it",
        load: async () => (await import("./runtime/run.js")).run,
      },
      {
        name: "decoder",
        summary: "decrypt a layer as containerd's stream processor",
        load: async () => (await import("./runtime/decoder.js")).decoder,
      },
      {
        name: "runtime config",
        summary: "print how a container runtime is to be configured",
        load: async () => (await import("./runtime/runtime-config.js")).runtimeConfig,
      },
      {
        name: "runtime check",
        summary: "see whether this node can run encrypted images",
        load: async () => (await import("./runtime/runtime-check.js")).runtimeCheck,
      },
    ],
  },
  {
    heading: "This program",
    commands: [
      {
        name: "completion",
        summary: "print a completion script for a shell",
        load: async () => (await import("./completion.js")).completion(commands),
      },
    ],
  },
];

/** The commands of all groups. */
export const commands: readonly CommandRow[] = groups.flatMap((group) => group.commands);
