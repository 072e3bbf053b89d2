import type { CommandRow } from "./command.js";

/** Every command, in the order of the help. What lies behind a row is loaded when the command is used. */
export const commands: readonly CommandRow[] = [
  {
    name: "encrypt",
    summary: "seal the layers of an image for one or more recipients",
    load: async () => (await import("./images/encrypt.js")).encrypt,
  },
  {
    name: "decrypt",
    summary: "open the sealed layers of an image",
    load: async () => (await import("./images/decrypt.js")).decrypt,
  },
  {
    name: "recipients list",
    summary: "show who can open each layer of an image",
    load: async () => (await import("./recipients/recipients-list.js")).recipientsList,
  },
  {
    name: "recipients add",
    summary: "let others open a sealed image, without moving a blob",
    load: async () => (await import("./recipients/recipients-add.js")).recipientsAdd,
  },
  {
    name: "recipients remove",
    summary: "take recipients out of a sealed image; this does not revoke",
    load: async () => (await import("./recipients/recipients-remove.js")).recipientsRemove,
  },
  {
    name: "recipients set",
    summary: "make the recipients of a sealed image exactly those of a file",
    load: async () => (await import("./recipients/recipients-set.js")).recipientsSet,
  },
  {
    name: "rekey",
    summary: "seal an image under new keys, which locks out whoever is not named",
    load: async () => (await import("./recipients/rekey.js")).rekey,
  },
  {
    name: "can-decrypt",
    summary: "say whether keys open every layer of an image",
    load: async () => (await import("./images/can-decrypt.js")).canDecrypt,
  },
  {
    name: "verify",
    summary: "check that an image is sealed, for whom, and who signed it",
    load: async () => (await import("./signing/verify.js")).verify,
  },
  {
    name: "sign",
    summary: "sign an image or any artifact",
    load: async () => (await import("./signing/sign.js")).sign,
  },
  {
    name: "signatures",
    summary: "list what signs or refers to an image, unjudged",
    load: async () => (await import("./signing/signatures.js")).signatures,
  },
  {
    name: "diff",
    summary: "compare the layers and recipients of two images",
    load: async () => (await import("./images/diff.js")).diff,
  },
  {
    name: "layerinfo",
    summary: "show which layers are sealed, and for whom",
    load: async () => (await import("./images/layerinfo.js")).layerinfo,
  },
  {
    name: "copy",
    summary: "copy an image, sealed or opened on the way where asked",
    load: async () => (await import("./images/copy.js")).copy,
  },
  {
    name: "pull",
    summary: "bring an image from a registry into the local store",
    load: async () => (await import("./images/pull.js")).pull,
  },
  {
    name: "push",
    summary: "bring an image from the local store into a registry",
    load: async () => (await import("./images/push.js")).push,
  },
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
  {
    name: "inspect",
    summary: "show an image's digest, platforms, config and history",
    load: async () => (await import("./images/inspect.js")).inspect,
  },
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
  {
    name: "run",
    summary: "try an image with runc or crun",
    load: async () => (await import("./runtime/run.js")).run,
  },
  {
    name: "decoder",
    summary: "open a layer as containerd's stream processor",
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
  {
    name: "completion",
    summary: "print a completion script for a shell",
    load: async () => (await import("./completion.js")).completion(commands),
  },
];
