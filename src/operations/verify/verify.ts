import type { GrowthLimits } from "../../bytes/budget.js";
import type { DecryptionKey, EncryptionKey, SchemeSettings } from "../../crypt/key-wrapper.js";
import { type Keyring, loadKeyring } from "../../crypt/layer.js";
import type { RecipientId } from "../../crypt/recipient-id.js";
import { identifyRecipients } from "../../crypt/recipients.js";
import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Platform } from "../../oci/platform.js";
import { checkRules, type GateResult } from "../../policy/gate.js";
import type { PolicySubject } from "../../policy/subject.js";
import type { TrustRules } from "../../policy/trust-rules.js";
import type { Progress } from "../../progress.js";
import type { LayerSelection } from "../../transform/select.js";
import type { ImageSource } from "../../transport/transport.js";
import { type Check, type EncryptionSight, type Finding, type VerifyReport, worstOf } from "./check.js";
import { contentsMatch, diffIdsHold, hmacsHold, keysDecrypt } from "./content-checks.js";
import { type DecryptedLayer, decryptLayers } from "./decrypted-layers.js";
import { nothingBeside } from "./descriptor-checks.js";
import {
  ciphersKnown,
  configSecrets,
  enoughRecipients,
  envelopesParse,
  layersEncrypted,
  nobodyElse,
  recipientsPresent,
} from "./encryption-checks.js";
import { leftoversInPlace } from "./leftovers-in-place.js";
import { plaintextLeftovers } from "./plaintext-leftovers.js";
import { signedChecks, signersOf } from "./signed-checks.js";
import { encryptionSight, readSubject, type Subject } from "./subject.js";

/** What is asked of an image. */
export interface VerifyOptions extends EncryptionOptions {
  /** Default: every platform. */
  readonly platforms?: readonly Platform[] | undefined;
  /** Where key schemes find programs and services. */
  readonly settings?: SchemeSettings | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
  /** How much a layer may become when it is decompressed to be compared. */
  readonly limits?: GrowthLimits | undefined;
  /** Ask about its encryption; default true. */
  readonly encryption?: boolean | undefined;
  /** Who checks its signatures, and where the image was asked for. Undefined: nobody asks about them. */
  readonly signed?: SignedOptions | undefined;
}

/** What is asked of its signatures. */
export interface SignedOptions {
  readonly rules: TrustRules;
  readonly image: PolicySubject;
  /** The image whose signatures are meant; default the image itself. */
  readonly source?: ImageSource | undefined;
}

/** What is asked of its encryption. */
export interface EncryptionOptions {
  /** Every layer, or at least one of each platform; default `all`. */
  readonly requireEncrypted?: "all" | "some" | undefined;
  /** Layers that may be plain all the same. */
  readonly allowPlain?: LayerSelection | undefined;
  /** Recipients whom every encrypted layer must have. */
  readonly requireRecipients?: readonly RecipientId[] | undefined;
  /** The only recipients that an encrypted layer may have. Their other names are known from these keys too. */
  readonly only?: readonly EncryptionKey[] | undefined;
  readonly minRecipients?: number | undefined;
  /** Open every encrypted layer and read it to its end. */
  readonly keys?: readonly DecryptionKey[] | undefined;
  /**
   * Ask the image's place for the plain blobs; needs `keys` or `plainImage`. What killed commands left there fails the image
   * then; default: it is a warning.
   */
  readonly noPlaintextLeftovers?: boolean | undefined;
  readonly plainImage?: ImageSource | undefined;
  /** A name in a config that looks secret fails the image; default: it is a warning. */
  readonly failOnSecrets?: boolean | undefined;
}

/**
 * Judges an image by its manifests and, with keys, by its bytes; writes nothing. What is wrong with the image is in the
 * report, with the error that it amounts to; what keeps it from being judged is thrown: what the source throws, USAGE for
 * options that ask for what cannot be, KEY_INVALID.
 */
export async function verify(source: ImageSource, options: VerifyOptions = {}): Promise<VerifyReport> {
  const { noPlaintextLeftovers, keys, plainImage, settings, signal, progress } = options;
  if (noPlaintextLeftovers && !keys && !plainImage) {
    throw new OciEncError("USAGE", "what the plain blobs are called is known by a key or by the plain image alone", {
      hint: "give --key or --plain-image",
    });
  }
  const keyring = keys && (await loadKeyring(keys, { ...settings, signal, progress }));
  const root = await source.resolve();
  const gate = options.signed && (await gateResult(source, root, options.signed));
  const signed = gate ? signedChecks(gate) : [];
  // No key and no provider is tried on an image that is not trusted.
  const trusted = signed.every(({ verdict }) => verdict !== "failed");
  const asked = options.encryption ?? true;
  const encryption = asked
    ? await encryptionChecks(source, root, { ...options, keyring: trusted ? keyring : undefined })
    : notAsked;
  const checks = [...encryption.checks, ...signed];
  const verdict = worstOf(checks.map((check) => check.verdict));
  const sight = { encryption: encryption.sight, signers: gate ? signersOf(gate) : [] };
  const report = { reference: source.name, digest: root.digest, verdict, checks, sight };
  return { ...report, refusal: refusalOf(report, encryption.keysDecryptNothing) };
}

interface EncryptionChecks {
  readonly checks: readonly Check[];
  readonly keysDecryptNothing: boolean;
  readonly sight: EncryptionSight | undefined;
}

const notAsked: EncryptionChecks = { checks: [], keysDecryptNothing: false, sight: undefined };

async function encryptionChecks(
  source: ImageSource,
  root: Descriptor,
  { keyring, ...options }: VerifyOptions & { readonly keyring: Keyring | undefined },
): Promise<EncryptionChecks> {
  const subject = await readSubject(source, root, options.platforms);
  const decrypted = keyring ? await decryptLayers(subject, keyring, options) : [];
  return {
    checks: [...(await manifestChecks(subject, options)), ...(await contentChecks(subject, decrypted, options))],
    keysDecryptNothing: decrypted.length > 0 && decrypted.every(({ refused }) => refused?.code === "KEY_MISMATCH"),
    sight: encryptionSight(subject),
  };
}

async function gateResult(source: ImageSource, root: Descriptor, signed: SignedOptions): Promise<GateResult> {
  const { source: other, ...asked } = signed;
  return await checkRules(other ?? source, other ? await other.resolve() : root, asked);
}

function refusalOf(
  { checks, reference }: Pick<VerifyReport, "checks" | "reference">,
  keysOpenNothing: boolean,
): OciEncError | undefined {
  const failed = checks.filter(({ verdict }) => verdict === "failed");
  if (keysOpenNothing) return new OciEncError("KEY_MISMATCH", `no given key decrypts any layer of ${reference}`);
  if (failed.length === 0) return undefined;
  const code = failed.flatMap(({ findings }) => findings).find((finding) => finding.code !== undefined)?.code;
  return new OciEncError(code ?? "UNTRUSTED", `${reference} fails ${failed.map(({ id }) => id).join(", ")}`);
}

/** What the manifests and configs say. */
async function manifestChecks(subject: Subject, options: EncryptionOptions & VerifyOptions): Promise<readonly Check[]> {
  const { requireEncrypted = "all", allowPlain, requireRecipients = [], only, minRecipients, failOnSecrets } = options;
  const known = await identifyRecipients(only ?? [], { ...options.settings, signal: options.signal });
  return [
    check(
      "layers-encrypted",
      "the layers are encrypted",
      layersEncrypted(subject, { required: requireEncrypted, allowPlain }),
    ),
    check("ciphers-known", "the ciphers are known", ciphersKnown(subject)),
    check("envelopes-parse", "the envelopes can be read", envelopesParse(subject)),
    check("recipients-present", "required recipients are there", recipientsPresent(subject, requireRecipients, known)),
    check("no-other-recipients", "there are no other recipients", only ? nobodyElse(subject, known) : []),
    check(
      "enough-recipients",
      "there are enough recipients",
      minRecipients === undefined ? [] : enoughRecipients(subject, minRecipients),
    ),
    check("nothing-beside", "no descriptor holds or names plain content", nothingBeside(subject)),
    check("config-secrets", "the config holds no secret", configSecrets(subject, failOnSecrets ?? false)),
  ];
}

/** What the bytes say. */
async function contentChecks(
  subject: Subject,
  decrypted: readonly DecryptedLayer[],
  { noPlaintextLeftovers, plainImage }: EncryptionOptions,
): Promise<readonly Check[]> {
  const leftovers = noPlaintextLeftovers ? await plaintextLeftovers(subject, { decrypted, plainImage }) : [];
  return [
    check("keys-decrypt", "the given keys decrypt the layers", keysDecrypt(decrypted)),
    check("hmacs-hold", "the encrypted bytes are unchanged", hmacsHold(decrypted)),
    check("contents-match", "the content is what was encrypted", contentsMatch(decrypted)),
    check("diff-ids-hold", "the content is what the config says", diffIdsHold(decrypted)),
    check("no-plaintext-leftovers", "no plain blob is served beside it", leftovers),
    check(
      "no-unnamed-plaintext",
      "no command left plain content beside it",
      await leftoversInPlace(subject, decrypted, noPlaintextLeftovers ? "failed" : "warning"),
    ),
  ];
}

function check(id: string, title: string, findings: readonly Finding[]): Check {
  return { id, group: "encrypted", title, verdict: worstOf(findings.map(({ verdict }) => verdict)), findings };
}
