import type { KeyContext } from "../keys/key-context.js";
import type { KeyDescription } from "../keys/key-description.js";
import type { KeyFile } from "../keys/key-file.js";
import type { DecryptionKey, KeyWrapper } from "./key-wrapper.js";

/**
 * Everything that is known of a key scheme without loading it. A scheme is a folder in `schemes/` that exports its row, an
 * entry in `schemes/rows.ts`, and a section of docs/keys.md. What a row leaves out has the safe default.
 */
export interface SchemeRow {
  /** As written before the colon of a recipient. */
  readonly scheme: string;
  /** Whether wrapped keys in the annotation `org.opencontainers.image.enc.keys.<suffix>` are this scheme's. */
  owns(suffix: string): boolean;
  /**
   * What follows `scheme:` on the command line: a file's name, text for the scheme itself, or either of the two: the
   * file where there is one of this name.
   */
  readonly takes: "file" | "text" | "either";
  /** Whether a passphrase or PIN may follow the text of a key to decrypt with, as in `pgp:ID:file=PATH`. */
  readonly takesPassphrase?: boolean;
  /** Whether a certificate beside a private key is of use to decrypt. */
  readonly takesCertificate?: boolean;
  /** Whether it is asked for keys even where none was given, because somebody else holds them. */
  readonly holdsOwnKeys?: boolean;
  /** What of a text may be shown in messages. Never called for a file's name. Default: nothing. */
  shown?(text: string): string;
  /** Whether a name, as a person or {@link KnownRecipient} writes it, means the recipient with this id. Default: they are equal. */
  sameId?(name: string, id: string): boolean;
  /** Whether one name may mean several recipients whose ids differ. */
  readonly nameMeansSeveral?: boolean;
  readonly help: SchemeHelp;
  /** Describes the keys of a file of this scheme's own form. Undefined: it is of another form. KEY_INVALID. */
  describe?(file: KeyFile): Promise<readonly KeyDescription[] | undefined>;
  /** Whether a key of this scheme's own form needs a passphrase or PIN that it does not hold. */
  wantsPassphrase?(value: Uint8Array): Promise<boolean>;
  /** Its keys in what a client of containerd sends to the decoder. */
  readonly payload?: PayloadParameters;
  /** How `layerinfo --compat` shows its recipients, as ctr-enc does; default: the annotation suffix. */
  readonly compat?: CompatRecipients;
  load(): Promise<KeyWrapper>;
}

/** Parts of sentences for help texts, hints and manual pages. */
export interface SchemeHelp {
  /** How recipients are written: `pgp:ID or pgp:FILE`. */
  readonly recipient: string;
  /** How a key to decrypt with is written, where that is more than a file: `provider:NAME[:PARAMETERS]`. */
  readonly key?: string;
  /** How a recipient of an image is named: `jwe:KID`. Undefined: wrapped keys do not say whose they are. */
  readonly id?: string;
  /** How a key is given where one is missing: `-k FILE`. */
  readonly missingKey: string;
}

/** The names that ocicrypt's decryption parameters have for the keys of a scheme. */
export interface PayloadParameters {
  /** Parameters that hold keys, and those that hold their passphrases in the same order. */
  readonly keys?: readonly { readonly name: string; readonly passphrases?: string }[];
  /** Parameters that are passed over: how the node is configured is not the client's business. */
  readonly ignored?: readonly string[];
  /** The key that a parameter of any other name stands for. */
  other?(name: string, parameter: Uint8Array): Pick<DecryptionKey, "value" | "origin">;
}

/** Each recipient by its id, or nothing at all. */
export type CompatRecipients =
  | {
      readonly kind: "ids";
      /** An id in ctr-enc's form. */
      print(id: string): string;
      /** What people call the owners of ids. Undefined: there is nobody to ask. NOT_FOUND, KEY_PROVIDER. */
      names(context: KeyContext): Promise<((id: string) => string | undefined) | undefined>;
    }
  | { readonly kind: "nothing" };
