import type { TrustRules, VerifyImageOptions } from "../../../doors/index.js";
import { OciEncError } from "../../../errors.js";
import { listTransports } from "../../../transport/references.js";
import { choice, type Flag, parsed, repeated, single, toggle } from "../../options/flag.js";
import { hasKeys, key, keysDir, openingFlags, readSettings, settingFlags } from "../../options/keys/key-flags.js";
import { readKeys, readRecipientsFile } from "../../options/keys/keys.js";
import { platform, readPlatforms } from "../../options/platforms.js";
import { onlyEndpoint, sourceFlags } from "../../options/registry/endpoints.js";
import { annotation, identity, readClaims } from "../../options/signing/signing-flags.js";
import {
  asksForSignature,
  readTrust,
  signatureFlags,
  trust,
  trustConflicts,
  trustNeeds,
  trustPolicy,
} from "../../options/signing/trust-flags.js";
import type { Command, Invocation } from "../command.js";
import { readRecipientIds, recipientIds } from "../recipients/recipients-flags.js";

const group = "Encryption:";

const requireEncrypted: Flag<"all" | "some"> = {
  ...choice({ name: "require-encrypted", about: "how many layers of each platform must be encrypted", group }, [
    "all",
    "some",
  ]),
  implicitValue: "all",
};

const allowPlain: Flag<readonly string[]> = repeated({
  name: "allow-plain",
  placeholder: "SEL",
  about: "layers that need not be encrypted, written as with --layer of other commands",
  group,
});

const requireRecipient = recipientIds("require-recipient", "a recipient that every encrypted layer must have", group);

const only: Flag<string | undefined> = single({
  name: "only",
  placeholder: "FILE",
  about: "the only recipients that there may be, one SPEC a line as in a recipients file, or @GROUP",
  group,
});

const minRecipients: Flag<number | undefined> = parsed(
  { name: "min-recipients", placeholder: "N", about: "how many recipients each encrypted layer must have", group },
  (text) => {
    if (/^\d{1,4}$/.test(text)) return Number(text);
    throw new OciEncError("USAGE", `--min-recipients: ${JSON.stringify(text.slice(0, 80))} is not a number`);
  },
);

const noPlaintextLeftovers: Flag<boolean> = toggle({
  name: "no-plaintext-leftovers",
  aliases: ["no-plaintext-twins"],
  about: "check that no unencrypted blobs are left beside the image; requires --key or --plain-image",
  group,
});

const plainImage: Flag<string | undefined> = single({
  name: "plain-image",
  placeholder: "REF",
  about: "the unencrypted image, whose layers must not be in the place of the encrypted one",
  group,
});

const plain: Flag<boolean> = toggle({
  name: "plain",
  about: "verify the signatures of the image that --key decrypts; nothing is written",
  group: "Trust:",
});

const offline: Flag<boolean> = toggle({
  name: "offline",
  about: "ask only the image's own place, and not where its signatures are configured to be",
  group: "Trust:",
});

const failOnSecrets: Flag<boolean> = toggle({
  name: "fail-on-secrets",
  about: "a name in the config that looks like a secret is a failure, not a warning",
  group,
});

const form: Flag<"table" | "json" | "junit" | "sarif"> = choice(
  { name: "report", about: "how the verdicts are printed", group: "Output:" },
  ["table", "json", "junit", "sarif"],
);

const verbose: Flag<boolean> = toggle({
  name: "verbose",
  about: "list the checks that were not judged as well",
  group: "Output:",
});

/** Questions about encryption; a command that asks about signatures, and gives none of these, asks about nothing else. */
const encryptionQuestions: readonly Flag<unknown>[] = [
  requireEncrypted,
  allowPlain,
  requireRecipient,
  only,
  minRecipients,
  noPlaintextLeftovers,
  plainImage,
  failOnSecrets,
];

/** `verify IMAGE`. */
export const verify: Command = {
  arguments: [{ name: "IMAGE", names: "image", about: listTransports(({ encrypted }) => encrypted) }],
  flags: [
    ...encryptionQuestions,
    ...signatureFlags,
    annotation,
    identity,
    plain,
    offline,
    ...openingFlags,
    ...settingFlags,
    platform,
    ...sourceFlags,
    form,
    verbose,
  ],
  conflicts: trustConflicts,
  needs: [...trustNeeds, [plainImage, noPlaintextLeftovers], [annotation, trust, trustPolicy], [plain, key, keysDir]],
  examples: [
    "oci-enc verify app:1-enc",
    "oci-enc verify --only team.txt --min-recipients 2 --report junit oci:encrypted:app > verify.xml",
    "oci-enc verify -k key.pem --no-plaintext-leftovers app:1-enc",
    "oci-enc verify --trust sigstore:cosign.pub docker://registry.example/app:1-enc",
  ],
  async run(invocation) {
    const { options } = invocation;
    const [{ verifyImage }, { verifyDocument, verifyText }] = await Promise.all([
      import("../../../doors/index.js"),
      import("../../output/findings/verify-report.js"),
    ]);
    const report = await verifyImage(invocation.arguments[0] ?? "", await readQuestions(invocation));
    const text = verifyText(report, { report: options.get(form), verbose: options.get(verbose) });
    return { kind: "report", document: verifyDocument(report), text, failure: report.refusal };
  },
};

async function readQuestions(invocation: Invocation): Promise<VerifyImageOptions> {
  const { options, progress, signal } = invocation;
  const { parseLayerSelection } = await import("../../../doors/index.js");
  const listed = options.get(only);
  const plainLayers = options.get(allowPlain);
  const source = await onlyEndpoint(invocation);
  return {
    requireEncrypted: options.get(requireEncrypted),
    allowPlain: plainLayers.length === 0 ? undefined : parseLayerSelection(plainLayers),
    requireRecipients: await readRecipientIds(options, requireRecipient),
    only: listed === undefined ? undefined : await readRecipientsFile(listed, invocation),
    minRecipients: options.get(minRecipients),
    noPlaintextLeftovers: options.get(noPlaintextLeftovers),
    plainImage: options.get(plainImage),
    failOnSecrets: options.get(failOnSecrets),
    keys: hasKeys(options) ? await readKeys(invocation) : undefined,
    encryption:
      !asksForSignature(options) || encryptionQuestions.some((flag) => options.given(flag)) || hasKeys(options),
    trust: await readSignedQuestions(invocation),
    platforms: await readPlatforms(options),
    settings: readSettings(options),
    plain: options.get(plain),
    source: { ...source, registry: { ...source.registry, offline: options.get(offline) } },
    progress,
    signal,
  };
}

async function readSignedQuestions(invocation: Invocation): Promise<TrustRules> {
  const { options } = invocation;
  return {
    ...(await readTrust(invocation)),
    claims: readClaims(options.get(annotation)),
    identity: options.get(identity),
    platforms: await readPlatforms(options),
    offline: options.get(offline),
  };
}
