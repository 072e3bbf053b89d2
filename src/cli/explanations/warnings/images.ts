import { given } from "../../habits/image-words.js";
import type { WarningPages } from "../explanation.js";

/** Warnings about what an encrypted image shows, and about digests, layers and what belongs to an image. */
export const imageWarnings: WarningPages = {
  ATTACHMENT_DROPPED: {
    meaning: "something that belongs to the image is not copied",
    causes: [
      "The source does not tell which signatures or referrers there are, or the target has no place for one of them.",
    ],
    remedies: [
      "`--referrers` makes it an error; `--referrers=false` does not ask for them at all.",
      `Choose a target that keeps them: a registry, \`${given.layout}\` or the local store.`,
    ],
    takes: "a registry that answers so",
  },
  ATTACHMENT_IGNORED: {
    meaning: "an entry of a registry's list of referrers is not understood",
    causes: ["The list has an entry that is not a valid descriptor, or is not in the form of the specification."],
    remedies: ["Look at the list with another tool, and tell the owner of the registry. The image itself is whole."],
    takes: "a registry that answers so",
  },
  ATTESTATION_IN_CLEAR: {
    meaning: "an attestation tells in the clear what the encrypted image holds",
    causes: ["A build tool has put an SBOM or provenance beside the image. It lists packages and files."],
    remedies: ["`encrypt --attestations drop` leaves it behind, if nobody should read that."],
    takes: "an image as another tool builds it",
  },
  BASE_REFUSED: {
    meaning: "a layer of the base image is encrypted all the same",
    causes: ["The image that `--base` names says that it has this layer, and what it has is another one."],
    remedies: ["Name the base image by its digest, and see whether it was built again or changed by somebody."],
    takes: "an image as another tool builds it",
  },
  CONFIG_SECRET: {
    meaning: "the config stays readable, and seems to hold a secret",
    causes: [
      "Encryption covers layers alone. A variable, label or build argument has a name such as PASSWORD or TOKEN.",
    ],
    remedies: [
      "Build the image without it, and give the secret to the container when it starts.",
      "If the image was pushed already, replace the secret.",
    ],
    takes: "an image as another tool builds it",
  },
  CONTENT_IDENTIFIED: {
    meaning: "an unknown field beside an encrypted layer is kept",
    causes: ["A descriptor has a field that is not known here. It may tell something of the content."],
    remedies: ["`oci-enc inspect --raw IMAGE` shows it. If it tells too much, build the image without it."],
    takes: "an image as another tool builds it",
  },
  DATA_WRONG: {
    meaning: "the `data` of a descriptor is not what its digest says",
    causes: ["A tool has changed a blob and not the copy of it in the manifest. Nothing here reads that copy."],
    remedies: ["Build the image again. A tool that trusts `data` would see other content than the digest promises."],
    takes: "an image as another tool builds it",
  },
  DIGEST_NOT_CHECKED: {
    meaning: "the encrypted layer does not say which content it had",
    causes: [
      "The tool that encrypted it recorded no digest. The HMAC was checked, and the diff id where the config has one.",
    ],
    remedies: ["Encrypt it anew with `oci-enc rekey`, which records the digest."],
    takes: "an image as another tool builds it",
  },
  DIGEST_NOT_RESTORED: {
    meaning: "decrypting will not give the image's first digest back",
    causes: [
      "It is an image of docker's format, which becomes one of OCI's format.",
      "Its manifest has something that has to go, as it would tell what is encrypted, or is written in an unusual way.",
    ],
    remedies: [
      "If the digest matters, convert the image first with a tool of your choice, and encrypt the result.",
      "Otherwise there is nothing to do: the content comes back as it was.",
    ],
    takes: "an image as another tool builds it",
  },
  IMAGE_DAMAGED: {
    meaning: "an image of the store or layout cannot be read whole",
    causes: ["A blob of it is missing or damaged. The list shows what is still known."],
    remedies: ["Pull it again, or remove it with `oci-enc rm NAME`."],
    example: {
      line: "oci-enc images --store damaged",
      because: "A blob of this layout was changed.",
    },
  },
  LAYER_KEPT: {
    meaning: "something of the image stays in the clear",
    causes: ["Its media type is not known here, or has no encrypted form."],
    remedies: [
      "`oci-enc layerinfo IMAGE` shows which one. If it is secret, do not publish the image in this form.",
      "`oci-enc verify --require-encrypted=all IMAGE` makes it an error in a pipeline.",
    ],
    takes: "an image as another tool builds it",
  },
  PLAIN_BLOBS_KEPT: {
    meaning: "the plain content is still there, beside the encrypted image",
    causes: [
      "Another image needs these blobs, or another command is writing there.",
      "A registry deletes blobs by itself, when it collects garbage.",
      "A killed command has left files that cannot be removed now.",
    ],
    remedies: [
      "Encrypt or remove the other images that have the same layers, then run `oci-enc gc`.",
      "In a registry, delete the plain image by its digest, and have the registry collect garbage.",
      "`oci-enc verify --no-plaintext-leftovers -k KEY IMAGE` says whether any are left.",
    ],
    example: {
      line: "oci-enc encrypt -r jwe:alice.pub.pem oci:shared:app",
      because: "The image `other` of this layout has the same layers.",
    },
  },
  PLAIN_BLOBS_REMOVED: {
    meaning: "plain blobs that nothing needs any more are gone",
    causes: ["An image was encrypted in place, or a killed command had left them."],
    remedies: ["Nothing is to be done. It is said because something was deleted."],
    example: {
      line: "oci-enc encrypt -r jwe:alice.pub.pem oci:work:app",
      because: "No other image of this layout has the plain layers.",
    },
  },
  PLATFORM_ABSENT: {
    meaning: "the image names platforms that are not there",
    causes: ["A mirror or `docker save` has brought some platforms, and the index names all."],
    remedies: ["Choose what is there with `--platform`, or copy the whole image from its first place."],
    example: {
      line: "oci-enc layerinfo oci:mirror:app",
      because: "The index names linux/arm64, and its manifest is not there.",
    },
  },
  PLATFORM_CHOSEN: {
    meaning: "several images fit, and the first one is taken",
    causes: ["The index has more than one image for this platform."],
    remedies: ["Name the one that you want by its digest: `IMAGE@sha256:…`."],
    takes: "an image as another tool builds it",
  },
  PLATFORM_KEPT: {
    meaning: "a platform that was not chosen stays as it is",
    causes: ["`--platform` chooses what is encrypted or decrypted. The others stay in the image."],
    remedies: ["Leave `--platform` out to change all of them.", "`--other-platforms drop` leaves the others behind."],
    example: {
      line: "oci-enc encrypt -r jwe:alice.pub.pem --platform linux/arm64 oci:images:app oci:images:new",
      because: "The image has linux/amd64 as well.",
    },
  },
  RECOMPRESSED: {
    meaning: "a layer was compressed anew before it was encrypted",
    causes: [
      "The digest in the envelope is that of the layer before. The content was checked by the diff id of the config.",
    ],
    remedies: ["Nothing is to be done. The blob after decrypting may have another digest than the first one."],
    takes: "an image as another tool builds it",
  },
  REUSE_REFUSED: {
    meaning: "a layer of the previous image is not taken, and is encrypted anew",
    causes: [
      "The layer of the `--reuse-from` image does not hold the same, or cannot be decrypted with the given keys.",
    ],
    remedies: [
      "Give a key that decrypts the previous image. Nothing is wrong with the new one: it is only larger to push.",
    ],
    takes: "an image as another tool builds it",
  },
  SHARED_LAYER_PLAIN: {
    meaning: "the same layer is encrypted for one platform and plain for another",
    causes: ["`--platform` chose one of several platforms that share a layer."],
    remedies: ["Encrypt all platforms, or leave the others out with `--other-platforms drop`."],
    example: {
      line: "oci-enc encrypt -r jwe:alice.pub.pem --platform linux/arm64 oci:images:app oci:images:new",
      because: "Both platforms have the same lowest layer.",
    },
  },
  TAG_DIFFERS: {
    meaning: "the tag names another image than the digest beside it",
    causes: ["The reference has a tag and a digest, and the tag was moved since. The digest counts."],
    remedies: ["See whether you want the newer image, and write its digest then."],
    takes: "a registry that answers so",
  },
};
