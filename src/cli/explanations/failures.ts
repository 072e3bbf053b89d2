import type { ErrorCode } from "../../errors.js";
import { given } from "../habits/image-words.js";
import type { Explanation } from "./explanation.js";

/** Every code that a command can end with, in the order of the exit statuses. */
export const failures: Readonly<Record<ErrorCode, Explanation>> = {
  INTERNAL: {
    meaning: "a bug",
    causes: ["oci-enc met something that its authors had not thought of."],
    remedies: [
      "Run the same command again with `--debug`, and report what it prints. It holds no key and no passphrase, but names of files and images.",
    ],
  },
  USAGE: {
    meaning: "options or a reference make no sense",
    causes: [
      "An option is misspelled, has a value that it does not take, or excludes another one.",
      "An option comes from a variable: every option can be set by `OCI_ENC_…`.",
      "A reference has a transport that is not known, or its name is not a valid one.",
      "An option that is needed is missing: a recipient to `encrypt`, a key to `decrypt`.",
    ],
    remedies: [
      "Read the hint below the message: it names what is allowed.",
      "`oci-enc help COMMAND` lists the options of the command, with examples.",
      "`env | grep OCI_ENC_` shows the options that variables set.",
    ],
    example: { line: "oci-enc encrypt oci:images:app oci:images:new", because: "No recipient is given." },
  },
  NOT_FOUND: {
    meaning: "an image, tag, blob or file does not exist",
    causes: [
      "The name or the tag is misspelled. Without a tag, `latest` is meant.",
      "A name without a transport is an image of the local store, and not one of a registry.",
      "A file is relative to another directory.",
      "The registry has removed the image; some registries say so too where you may not read.",
    ],
    remedies: [
      "`oci-enc images` lists the local store, `oci-enc list-tags docker://HOST/REPOSITORY` the tags of a repository.",
      `For an image in a registry write \`${given.registry}\` before its name, or pull it first.`,
    ],
    example: { line: "oci-enc inspect oci:images:absent", because: "No image of this layout has that name." },
  },
  DENIED: {
    meaning: "access is refused",
    causes: [
      "Nobody has logged in to the registry, or the login has expired.",
      "The user may read the repository, but not write to it.",
      "`registries.conf` blocks the registry.",
    ],
    remedies: [
      "`oci-enc login HOST` stores the credentials; `oci-enc login --get-login HOST` shows whose they are.",
      "Ask the owner of the repository for the permission to read or to write.",
      "In a pipeline, see whether the token of the job has the scope for packages or for the registry.",
    ],
    example: {
      line: "oci-enc inspect docker://registry.example/private/app:1",
      because: "This registry wants to know who asks, and no credentials are there.",
    },
  },
  UNAVAILABLE: {
    meaning: "not available now; `--command-timeout` is over",
    causes: [
      "The name of the host cannot be resolved, or nothing answers at its port.",
      "TLS fails: the certificate is expired, or its authority is not known here.",
      "The registry answers 429 or 5xx, also after all retries.",
      "A proxy is needed, or one that is set does not answer.",
    ],
    remedies: [
      "Try again later: what was moved already is not moved twice.",
      "For an authority of your own give `--ca-file FILE`; for a proxy set `HTTPS_PROXY`.",
      "On a slow line raise `--retry-times` or lower `--parallel`.",
    ],
    example: {
      line: "oci-enc inspect --retry-times 0 docker://localhost:1/app:1",
      because: "Nothing answers at that port.",
    },
  },
  CORRUPT: {
    meaning: "a wrong digest, size, HMAC or diff id; a malformed manifest or envelope",
    causes: [
      "A blob was damaged on a disk or on its way, or somebody has changed it.",
      "A tool has written a manifest that does not follow the specification.",
      "What a layer decrypts to is not what was encrypted.",
    ],
    remedies: [
      "Fetch the image again from where it came from, and compare the digest.",
      "Do not run it: nothing of it was written under its final name.",
      "If it is the same everywhere, ask whoever made the image to build it again.",
    ],
    example: { line: "oci-enc copy oci:damaged:app oci:images:new", because: "The files of this layout were changed." },
  },
  KEY_MISMATCH: {
    meaning: "no given key decrypts the image",
    causes: [
      "The image is encrypted for somebody else.",
      "The key was replaced, and the image is older or newer than that.",
      "Each layer has its own recipients, and the key decrypts only some of them.",
    ],
    remedies: [
      "`oci-enc recipients list IMAGE` shows who can decrypt it, `oci-enc key fingerprint FILE` which key you have.",
      "Give several keys, each with its own `-k`, or a directory of them with `--keys-dir`.",
      "Somebody who can decrypt the image can let you in: `oci-enc recipients add -k THEIR-KEY -r jwe:YOUR-PUBLIC-KEY IMAGE`.",
    ],
    example: {
      line: "oci-enc decrypt -k mallory.pem oci:images:enc oci:images:new",
      because: "The image is encrypted for alice alone.",
    },
  },
  UNTRUSTED: {
    meaning: "a check fails, that of `runtime check` too",
    causes: [
      "`verify` found a layer in the clear, a recipient that is not on the list, or too few of them.",
      "The image is not signed, or not by a key that is trusted.",
      "A `policy.json` or trust policy of this machine does not let the image in.",
      "The tag was moved to another image.",
    ],
    remedies: [
      "Read the findings: each names the check, and the layer or the signature.",
      "`oci-enc signatures IMAGE` shows who has signed it, without a verdict.",
      "Do not use `--insecure-policy` to get past this: ask whoever made the image.",
    ],
    example: {
      line: "oci-enc verify --min-recipients 2 oci:images:enc",
      because: "The image has one recipient, and two are asked for.",
    },
  },
  UNSUPPORTED: {
    meaning: "a media type, cipher or scheme; a target that cannot hold encrypted images; a Node that is too old",
    causes: [
      `The target cannot hold what is written: \`${given.dockerArchive}\` has no place for encrypted layers.`,
      "The image uses a media type, a cipher or a key scheme that is not known here.",
      "The registry does not have a call that the command needs.",
    ],
    remedies: [
      `Choose another target, such as \`${given.archive}\`, or decrypt on the way with \`-k\`.`,
      "See whether a newer oci-enc knows it: `oci-enc --version`.",
    ],
    example: {
      line: "oci-enc copy --platform linux/amd64 oci:images:enc docker-archive:new.tar",
      because: "An archive for docker cannot hold encrypted layers.",
    },
  },
  LOCAL_IO: {
    meaning:
      "disk full, permission, read-only; too few file descriptors, threads or memory; output, or plaintext blobs, that could not be written or removed",
    causes: [
      "The disk or the quota is full, in the target or in the directory for temporary files.",
      "The file or its directory belongs to somebody else, or is mounted read-only.",
      "A limit of the machine is reached: open files, processes, memory.",
    ],
    remedies: [
      "`df -h` and `ulimit -a` show what is full.",
      "`--tmpdir DIR` puts temporary files elsewhere.",
      "Where the message says that plain blobs could not be removed, remove them by hand: the image is encrypted, and its content still lies beside it.",
    ],
    example: { line: "oci-enc layerinfo oci:images:enc >/dev/full", because: "That device is always full." },
  },
  CONFLICT: {
    meaning: "a lock is held, the tag has moved meanwhile, or something would be overwritten",
    causes: [
      "A file, archive or directory of that name exists already.",
      "Another command writes to the same layout or tag at the same time.",
    ],
    remedies: [
      "Choose another name, or replace what is there with `--force`, where the command has it.",
      "Let the other command end, and run this one again.",
    ],
    example: {
      line: "oci-enc key generate --out alice",
      because: "alice.pem is there already, and a key is never overwritten.",
    },
  },
  KEY_PROVIDER: {
    meaning: "a key provider, token or agent failed",
    causes: [
      "The program or the service of a `provider:` cannot be started or reached, or refuses.",
      "The PIN of a token is wrong or locked, or its module cannot be loaded.",
      "gpg or its agent cannot use the key, for example as it cannot ask for the passphrase.",
    ],
    remedies: [
      "Run the provider, `pkcs11-tool --login --list-objects` or `gpg --decrypt` by hand: it says more.",
      "See whether `OCICRYPT_KEYPROVIDER_CONFIG` names the right file.",
      "For gpg on a terminal: `export GPG_TTY=$(tty)`.",
    ],
    example: {
      line: "OCICRYPT_KEYPROVIDER_CONFIG=providers.json oci-enc encrypt -r provider:vault:app oci:images:app oci:images:new",
      because: "The program that this file names for `vault` fails.",
    },
  },
  KEY_INVALID: {
    meaning: "key material cannot be read: its format, its passphrase",
    causes: [
      "The file is not a key, or a public one where a private one is needed, or the reverse.",
      "The passphrase is wrong or missing, and there is no terminal to ask for it.",
      "The key is of a kind that its scheme cannot use, or too short.",
    ],
    remedies: [
      "`oci-enc key inspect FILE` says what the file holds, without its secrets.",
      "Give the passphrase with the key: `FILE:file=PATH`, `FILE:env=NAME`, `FILE:fd=N` or `FILE:prompt`.",
      "The documentation has a table of the forms in which keys are read, docs/keys.md.",
    ],
    example: {
      line: "oci-enc decrypt -k notes.txt oci:images:enc oci:images:new",
      because: "This file holds a text, and no key.",
    },
  },
  ABORTED: {
    status: "128 + n",
    meaning: "signal n (130 SIGINT, 143 SIGTERM, 129 SIGHUP), after cleaning up; a second signal kills at once",
    causes: ["Somebody pressed Ctrl-C.", "The system, a pipeline or a supervisor ended the command."],
    remedies: [
      "Run it again: the target is what it was before, and nothing half-written has its final name.",
      "In a pipeline, see whether the job ran out of time.",
    ],
    example: {
      line: "timeout --foreground --signal INT --preserve-status 3 oci-enc copy oci-archive:- oci:images:new <>pipe",
      because: "Nothing comes through that pipe, and `timeout` ends the command.",
    },
  },
};
