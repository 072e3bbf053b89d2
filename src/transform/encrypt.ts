import type { BlockCipher } from "../crypt/block-cipher.js";
import type { DecryptionKey, EncryptionKey, SchemeSettings } from "../crypt/key-wrapper.js";
import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { isEncrypted, layerKind, mediaTypes, toOciType } from "../oci/media-type.js";
import type { Progress, WarningCode } from "../progress.js";
import { findConfigSecrets } from "./config-secrets.js";
import { relabelled } from "./edit-envelopes.js";
import { createEncryptLayer } from "./encrypting.js";
import {
  type KeptWhy,
  type LayerChange,
  type LayerContext,
  type LayerTransform,
  layerName,
  type ManifestContext,
} from "./layer-transform.js";
import { requireHonest } from "./open-layer.js";
import { adding } from "./recipients.js";
import { findingReusable, type PreviousImage } from "./reuse.js";
import { allLayers, createChooser, type LayerSelection } from "./select.js";

/** What to encrypt, for whom, and what to do with what cannot simply be encrypted. */
export interface EncryptOptions {
  readonly keys: readonly EncryptionKey[];
  /** Default: every layer. */
  readonly select?: LayerSelection | undefined;
  /** A layer that is encrypted already; default `fail` (USAGE). `add`: it gets the recipients that it lacks. */
  readonly ifEncrypted?: "fail" | "skip" | "add" | undefined;
  /** What decrypts encrypted layers: those of the image for `ifEncrypted: "add"`, those of `previous` where they serve again. */
  readonly open?: readonly DecryptionKey[] | undefined;
  /** An image whose encrypted layers serve again where they hold the same content. USAGE together with `anonymous`. */
  readonly previous?: PreviousImage | undefined;
  /** A layer whose distribution is restricted, or that names other places to fetch it from; default `fail` (UNSUPPORTED). */
  readonly nondistributable?: "fail" | "skip" | "encrypt" | undefined;
  /** Manifests that describe the image's content in the clear; default `keep`, with a warning. */
  readonly attestations?: "keep" | "drop" | undefined;
  /** Leave out of the envelope what identifies the recipients' keys. */
  readonly anonymous?: boolean | undefined;
  /** Default: the one cipher that every implementation reads. */
  readonly cipher?: BlockCipher | undefined;
  /** Where key schemes find programs and services. */
  readonly settings?: SchemeSettings | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Encrypts layers: plain becomes `+encrypted`, with an envelope for the recipients. The keys are read now: USAGE when there
 * is none, KEY_INVALID for one that cannot be used. What cannot be encrypted fails while planning, before a byte moves.
 */
export async function encryptLayers(options: EncryptOptions): Promise<LayerTransform> {
  const { progress } = options;
  const encryptLayer = await createEncryptLayer(options);
  const alike = await loadAlike(options);
  const chosen = createChooser(options.select ?? allLayers);
  const warn = (code: WarningCode, message: string) => progress?.({ type: "warning", code, message });
  const decide = deciding(options, warn);
  let [encrypted, unknown] = [0, 0];
  let manifestType = "";
  return {
    invalidatesSignatures: true,
    async manifest(context) {
      manifestType = context.descriptor.mediaType;
      warnOfSecrets(context, warn);
    },
    async layer(layer, context) {
      const choice = chosen.choose(layer, context);
      if (choice === "no") return keep("not chosen");
      const verdict = decide(layer, context, choice === "named");
      if (verdict === "unknown") unknown += 1;
      if (verdict === "encrypt" || isEncrypted(layer.mediaType)) encrypted += 1;
      if (verdict === "add") return relabelled(await alike.add?.edit(layer, context));
      if (verdict !== "encrypt") return keep(keptWhy(layer));
      warnOfConversion(layer, context, manifestType, warn);
      return (await alike.find?.(layer, context)) ?? (await encryptLayer(layer, context));
    },
    entry(descriptor) {
      const type = JSON.stringify(descriptor.mediaType.slice(0, 120));
      warn(
        "LAYER_KEPT",
        `${descriptor.digest}, which an index lists itself, stays in the clear: ${type} is not a manifest`,
      );
      unknown += 1;
    },
    attestation(manifest) {
      const dropped = options.attestations === "drop";
      warn(
        "ATTESTATION_IN_CLEAR",
        `the attestation ${manifest.digest} ${dropped ? "is dropped" : "lists the encrypted content in the clear and is kept"}`,
      );
      return dropped ? "drop" : "keep";
    },
    planned() {
      chosen.requireMatches();
      alike.add?.finish();
      if (encrypted === 0 && unknown > 0) {
        throw new OciEncError(
          "UNSUPPORTED",
          "nothing can be encrypted: no layer of a manifest is of a known media type",
          {
            hint: "known are tar, tar+gzip and tar+zstd layers in manifests of OCI and Docker images",
          },
        );
      }
    },
  };
}

function keep(why: KeptWhy): LayerChange {
  return { kind: "keep", why };
}

/** Of a chosen layer that is not encrypted now. */
function keptWhy({ mediaType }: Descriptor): KeptWhy {
  if (isEncrypted(mediaType)) return "encrypted already";
  return layerKind(mediaType) ? "nondistributable" : "unknown type";
}

type Warn = (code: WarningCode, message: string) => void;

type Verdict = "encrypt" | "keep" | "add" | "unknown";

/** Whether a chosen layer is encrypted, kept, or of a type that is unknown here. */
function deciding(options: EncryptOptions, warn: Warn) {
  return (layer: Descriptor, context: LayerContext, named: boolean): Verdict => {
    const where = layerName(layer, context);
    requireHonest(layer, context);
    if (isEncrypted(layer.mediaType)) return sealedAlready(where, options);
    const kind = layerKind(layer.mediaType);
    if (kind?.nondistributable || (kind && layer.urls?.length)) return restricted(where, options, warn);
    if (kind) return "encrypt";
    const type = JSON.stringify(layer.mediaType.slice(0, 120));
    if (named) throw new OciEncError("UNSUPPORTED", `${where} has a media type that cannot be encrypted: ${type}`);
    warn("LAYER_KEPT", `${where} stays in the clear: its media type ${type} is unknown here`);
    return "unknown";
  };
}

function sealedAlready(where: string, { ifEncrypted }: EncryptOptions): Verdict {
  if (ifEncrypted === "skip") return "keep";
  if (ifEncrypted === "add") return "add";
  throw new OciEncError("USAGE", `${where} is encrypted already`, {
    hint: "leave such layers as they are with --if-encrypted skip, or add recipients to them with --if-encrypted add",
  });
}

function restricted(where: string, { nondistributable }: EncryptOptions, warn: Warn): Verdict {
  if (nondistributable === "encrypt") return "encrypt";
  if (nondistributable === "skip") {
    warn("LAYER_KEPT", `${where} stays in the clear: it is nondistributable`);
    return "keep";
  }
  throw new OciEncError("UNSUPPORTED", `${where} is nondistributable: it may be fetched from elsewhere, in the clear`, {
    hint: "choose with --nondistributable skip or --nondistributable encrypt",
  });
}

/** What may become of a layer beside being encrypted: encrypted layers get recipients, previous ones serve again. */
async function loadAlike(options: EncryptOptions) {
  const { keys, open = [], previous, ifEncrypted } = options;
  return {
    add: ifEncrypted === "add" ? await adding({ ...options, add: keys, open }) : undefined,
    find: previous && (await findingReusable({ ...options, recipients: keys, open, previous })),
  };
}

function warnOfSecrets({ config }: ManifestContext, warn: Warn): void {
  const secrets = config ? findConfigSecrets(config) : [];
  if (secrets.length === 0) return;
  const names = secrets.slice(0, 10).map(({ where, name }) => `${JSON.stringify(name)} in ${where}`);
  warn("CONFIG_SECRET", `the image's config stays readable and seems to hold secrets: ${names.join(", ")}`);
}

function warnOfConversion(layer: Descriptor, context: LayerContext, manifestType: string, warn: Warn): void {
  if (toOciType(layer.mediaType) === layer.mediaType) return;
  const isDocker = manifestType === mediaTypes.dockerManifest;
  const what = isDocker ? "a Docker manifest becomes an OCI one" : `${layerName(layer, context)} changes its type`;
  warn("DIGEST_NOT_RESTORED", `${what}: decrypting will not give this image's digest back`);
}
