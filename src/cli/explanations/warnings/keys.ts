import type { WarningPages } from "../explanation.js";

/** Warnings about keys, recipients, certificates and policies. */
export const keyWarnings: WarningPages = {
  AUTH_FILE_MODE: {
    meaning: "others can read a file with credentials",
    causes: ["The file that `login` writes, or docker's, has a mode that lets other users of this machine read it."],
    remedies: ["`chmod 600 FILE`. If others use this machine, change the password or token as well."],
    takes: "a registry that answers so",
  },
  PASSWORD_VISIBLE: {
    meaning: "other users of this machine can see a password",
    causes: ["It was typed as an argument of `login`. The system shows the arguments of every program that runs."],
    remedies: ["Pipe it in: `login --username NAME --password-stdin`. Or leave it out, and it is asked for."],
    takes: "a registry that answers so",
  },
  CERTIFICATE_EXPIRED: {
    meaning: "the image is encrypted for a certificate outside its time",
    causes: ["The certificate of a recipient is expired, or not valid yet. It is used all the same."],
    remedies: ["Ask the recipient for a new certificate, and run the command again with it."],
    takes: "a certain key, certificate or token",
  },
  CERTIFICATE_KEY_USAGE: {
    meaning: "the image is encrypted for a certificate that is not made for that",
    causes: ["The key usage of the certificate does not include keyEncipherment: it may be one for signing."],
    remedies: [
      "Ask the recipient which certificate is for encryption. The image can be decrypted with this one all the same.",
    ],
    example: {
      line: "oci-enc encrypt -r pkcs7:signing.crt oci:images:app oci:images:new",
      because: "The certificate was made for signatures.",
    },
  },
  IMAGE_CLASS: {
    meaning: "the image is of a class that is let in with a warning",
    causes: ["The rules for classes of images let pass what is not encrypted or not signed, and want that to be said."],
    remedies: ["Encrypt or sign the image, or change the rule: `--classes`, `--require-signed`."],
    example: {
      line: "oci-enc copy --classes classes.json oci:images:app oci:images:new",
      because: "`classes.json` wants to be told of images that are neither encrypted nor signed.",
    },
  },
  KEY_IGNORED: {
    meaning: "a key that was given is not used",
    causes: [
      "`--dec-recipient` names a certificate for a scheme whose keys decrypt without one.",
      "A file with several OpenPGP keys has one that is expired, revoked or not for encryption.",
    ],
    remedies: ["Leave the key out. If it should count, `oci-enc key inspect FILE` says what it is."],
    example: {
      line: "oci-enc decrypt -k alice.pem --dec-recipient jwe:alice.pub.pem oci:images:enc oci:images:new",
      because: "A key of this scheme decrypts without a certificate.",
    },
  },
  KEY_WEAK: {
    meaning: "a key is shorter than is safe today",
    causes: ["An RSA key has fewer bits than new keys should have. What it was used for can still be read."],
    remedies: ["Make a new key with `oci-enc key generate`, and encrypt the images anew for it with `oci-enc rekey`."],
    takes: "a certain key, certificate or token",
  },
  NOT_REVOKED: {
    meaning: "who was removed as a recipient can still decrypt what they have",
    causes: [
      "`recipients remove` and `recipients set` change the list in the manifest alone. The layers keep their key, and whoever has an earlier manifest still has that key.",
    ],
    remedies: [
      "To lock somebody out, encrypt the layers anew: `oci-enc rekey -k KEY -r RECIPIENT IMAGE`.",
      "Then delete the old image wherever it was, and replace the secrets that it holds.",
    ],
    example: {
      line: "oci-enc recipients remove --index 1 oci:images:team oci:images:new",
      because: "The second recipient could have kept the manifest of `team`.",
    },
  },
  OAEP_SHA1: {
    meaning: "RSA-OAEP is used with SHA-1",
    causes: [
      "The token cannot do RSA-OAEP with SHA-256, the key is too short for it, or `OCICRYPT_OAEP_HASHALG` says so.",
    ],
    remedies: [
      "It is safe enough in RSA-OAEP, and other tools use it. A key of 3072 bits or a newer token makes SHA-256 possible.",
    ],
    takes: "a certain key, certificate or token",
  },
  PASSPHRASE_VISIBLE: {
    meaning: "a passphrase stands on the command line",
    causes: ["It was given as `FILE:pass=…` or `FILE:…`. Every process of this machine can read the command line."],
    remedies: [
      "Give it as `FILE:file=PATH`, `FILE:env=NAME`, `FILE:fd=N` or `FILE:prompt`.",
      "If others use this machine, change the passphrase. Remove the line from the history of the shell.",
    ],
    example: {
      line: "oci-enc decrypt -k alice.pem:secret oci:images:enc oci:images:new",
      because: "What follows the colon is taken for a passphrase.",
    },
  },
  POLICY_IGNORED: {
    meaning: "no `policy.json` is applied to the image",
    causes: ["`--insecure-policy` or `OCI_ENC_INSECURE_POLICY` was given."],
    remedies: ["Leave it out. For one image that the policy does not know, write a rule for it."],
    example: {
      line: "oci-enc copy --insecure-policy oci:images:app oci:images:new",
      because: "The option turns the policy off.",
    },
  },
  SIGNATURES_STRANDED: {
    meaning: "signatures do not come along, as the digest changes",
    causes: ["What was signed is the image as it was. Encrypted, decrypted or rekeyed, it has another digest."],
    remedies: [
      "Sign the new image: `--sign-by` on the same command, or `oci-enc sign`.",
      "`encrypt --keep-plain-signatures` keeps the signatures of the plain image for the day of `decrypt`.",
      "`--remove-signatures` says that they are to be left, and there is no warning.",
    ],
    example: {
      line: "oci-enc encrypt -r jwe:alice.pub.pem oci:images:signed oci:images:new",
      because: "The signature of `signed` is for the digest of the plain image.",
    },
  },
};
