import { cipherOf } from "../../crypt/ciphers/index.js";
import { partsOf, publicOptionsOf } from "../../crypt/envelope.js";
import type { KnownRecipient } from "../../crypt/key-wrapper.js";
import { readPublicEnvelope } from "../../crypt/layer.js";
import { requireConsistent } from "../../crypt/layer-access.js";
import { isNamed, isRecipient, type RecipientId } from "../../crypt/recipient-id.js";
import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { isEncrypted } from "../../oci/media-type.js";
import { printPlatform } from "../../oci/platform.js";
import { findConfigSecrets } from "../../transform/config-secrets.js";
import { createChooser, type LayerSelection } from "../../transform/select.js";
import type { Finding } from "./check.js";
import { about, encryptedLayers, type Subject, type SubjectLayer, type SubjectManifest } from "./subject.js";

/** Whether the layers are encrypted, each of them or some of each platform. USAGE when an allowed layer is not there. */
export function layersEncrypted(
  subject: Subject,
  { required, allowPlain }: { required: "all" | "some"; allowPlain: LayerSelection | undefined },
): readonly Finding[] {
  const allowing = createChooser(allowPlain ?? { include: [], exclude: [] });
  const findings = subject.manifests.flatMap((manifest) => {
    const found = manifest.layers.map((one): Finding => {
      const { index = 0 } = one.place;
      const { diffId, count } = one;
      const context = { index, count, platform: manifest.platform, diffId };
      const allowed = allowing.choose(one.layer, context) === "named";
      const consistent = attempt(one, () => {
        requireConsistent(one.layer);
        return "it is encrypted";
      });
      if (one.encrypted || consistent.verdict === "failed") return consistent;
      if (allowed) return about(one, "passed", "it is plain, and may be");
      return about(one, required === "all" ? "failed" : "passed", "it is plain");
    });
    return required === "some" ? [...found, someSealed(manifest)] : found;
  });
  allowing.requireMatches();
  findings.push(...subject.listed.map((entry) => listedFinding(entry, required)));
  // Nothing at all is not encrypted either: whoever asks must not take silence for a yes.
  const nothing: Finding = {
    verdict: "failed",
    place: undefined,
    message: "there is no layer that could be encrypted",
  };
  return findings.length === 0 ? [nothing] : findings;
}

/** Whether the public options name a cipher that is known here. */
export function ciphersKnown(subject: Subject): readonly Finding[] {
  return encryptedLayers(subject).map((one) =>
    attempt(one, () => `it is encrypted with ${cipherOf(publicOptionsOf(one.layer.annotations).cipher).id}`),
  );
}

/** Whether the envelopes can be read: public options whole, wrapped keys what their schemes write, somebody to decrypt them. */
export function envelopesParse(subject: Subject): readonly Finding[] {
  return encryptedLayers(subject).flatMap((one) => {
    const options = attempt(one, () => {
      readPublicEnvelope(one.layer.annotations);
      return "its envelope can be read";
    });
    const parts = partsOf(one.layer.annotations);
    const unread = one.recipients.filter(({ info }) => info.kind !== "recipient");
    const strange = unread.map(({ info }) => {
      const verdict = info.kind === "unknown-scheme" ? "warning" : "failed";
      return about(one, verdict, `a part of ${JSON.stringify(info.scheme)}: ${info.label}`);
    });
    return [options, ...strange, ...(parts.length === 0 ? [about(one, "failed", "it has no recipients")] : [])];
  });
}

/** Whether everybody who must be able to open each encrypted layer is listed. */
export function recipientsPresent(
  subject: Subject,
  required: readonly RecipientId[],
  known: readonly KnownRecipient[],
): readonly Finding[] {
  return encryptedLayers(subject).flatMap((one) =>
    required.map((name) => {
      const present = one.recipients.some(({ info }) => isNamed(info, name, known));
      const named = JSON.stringify(`${name.scheme}:${name.id}`);
      return about(one, present ? "passed" : "failed", `${named} is ${present ? "" : "not "}a recipient`);
    }),
  );
}

/**
 * Whether nobody is listed but those who are known. Where wrapped keys do not say whose they are, their number counts: no more
 * of a scheme than keys of it are known is a warning, since whose they are stays unproven.
 */
export function nobodyElse(subject: Subject, known: readonly KnownRecipient[]): readonly Finding[] {
  return encryptedLayers(subject).flatMap((one): readonly Finding[] => {
    const strangers = one.recipients.filter(({ info }) => !known.some((recipient) => isRecipient(info, recipient)));
    if (strangers.length === 0) return [about(one, "passed", "only allowed recipients")];
    return strangers.map(({ info }) => {
      const unnamed = (scheme: string) =>
        strangers.filter((other) => other.info.scheme === scheme && other.info.id === "");
      const silent = known.filter(({ scheme, id }) => scheme === info.scheme && id === "").length;
      const within = info.id === "" && unnamed(info.scheme).length <= silent;
      const who = `${info.scheme} ${info.label}`;
      if (within) return about(one, "warning", `${who}: the wrapped key does not say whose it is`);
      return about(one, "failed", info.id === "" ? `${who}: it is not known whose this is` : `${who} is not allowed`);
    });
  });
}

/** Whether each encrypted layer has enough recipients, so that no single lost key loses the image. */
export function enoughRecipients(subject: Subject, least: number): readonly Finding[] {
  return encryptedLayers(subject).map((one) => {
    const count = new Set(
      one.recipients
        .filter(({ info }) => info.kind !== "unreadable")
        .map(({ info, part, within }) => (info.id === "" ? `${part}/${within}` : `${info.scheme}:${info.id}`)),
    ).size;
    return about(one, count >= least ? "passed" : "failed", `it has ${count} recipients; ${least} are required`);
  });
}

/** Names in the readable configs whose values seem to be secret. */
export function configSecrets(subject: Subject, fail: boolean): readonly Finding[] {
  return subject.manifests.flatMap(({ config, platform, descriptor }): readonly Finding[] => {
    const place = { platform, index: undefined, digest: descriptor.digest };
    const secrets = config ? findConfigSecrets(config) : [];
    if (secrets.length === 0)
      return [{ verdict: "passed", place, message: "the config names nothing that looks secret" }];
    return secrets.map(({ where, name }) => ({
      verdict: fail ? "failed" : "warning",
      place,
      message: `the config stays readable, and ${JSON.stringify(name)} in ${where} looks like a secret`,
    }));
  });
}

/** An index can list layers itself, as a build cache does. */
function listedFinding({ mediaType, digest }: Descriptor, required: "all" | "some"): Finding {
  const encrypted = isEncrypted(mediaType);
  const message = `an index lists ${digest} itself, and it is ${encrypted ? "encrypted" : "plain"}`;
  const place = { platform: undefined, index: undefined, digest };
  return { verdict: encrypted || required === "some" ? "passed" : "failed", place, message };
}

function someSealed({ layers, platform, descriptor }: SubjectManifest): Finding {
  const encrypted = layers.some((one) => one.encrypted);
  return {
    verdict: encrypted ? "passed" : "failed",
    place: { platform, index: undefined, digest: descriptor.digest },
    message: `${encrypted ? "some" : "no"} layer${platform ? ` of ${printPlatform(platform)}` : ""} is encrypted`,
  };
}

function attempt(one: SubjectLayer, read: () => string): Finding {
  try {
    return about(one, "passed", read());
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    return about(one, "failed", error.message);
  }
}
