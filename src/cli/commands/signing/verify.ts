import { OciEncError } from "../../../errors.js";
import type { TrustRules, VerifyImageOptions } from "../../../index.js";
import { listTransports } from "../../../transport/index.js";
import { choice, type Flag, parsed, repeated, single, toggle } from "../../options/flag.js";
import { hasKeys, key, keysDir, openingFlags, readSettings, settingFlags } from "../../options/keys/key-flags.js";
import { readKeys, readRecipientsFile } from "../../options/keys/keys.js";
import { platform, readPlatforms } from "../../options/platforms.js";
import { onlyEndpoint, sourceFlags } from "../../options/registry/endpoints.js";
import { annotation, identity, readClaims } from "../../options/signing/signing-flags.js";
import {
  asksForSignature,
  judgingFlags,
  readTrust,
  trust,
  trustConflicts,
  trustNeeds,
  trustPolicy,
} from "../../options/signing/trust-flags.js";
import type { Command, Invocation } from "../command.js";
import { readRecipientIds, recipientIds } from "../recipients/recipients-flags.js";

const group = "Sealed:";

const requireEncrypted: Flag<"all" | "some"> = {
  ...choice({ name: "require-encrypted", about: "how many layers of each platform have to be sealed", group }, [
    "all",
    "some",
  ]),
  implicitValue: "all",
};

const allowPlain: Flag<readonly string[]> = repeated({
  name: "allow-plain",
  placeholder: "SEL",
  about: "layers that may be plain all the same, written as with --layer elsewhere",
  group,
});

const requireRecipient = recipientIds("require-recipient", "a recipient that every sealed layer must have", group);

const only: Flag<string | undefined> = single({
  name: "only",
  placeholder: "FILE",
  about: "the only recipients that there may be, one SPEC a line as in a recipients file",
  group,
});

const minRecipients: Flag<number | undefined> = parsed(
  { name: "min-recipients", placeholder: "N", about: "how many recipients each sealed layer must have", group },
  (text) => {
    if (/^\d{1,4}$/.test(text)) return Number(text);
    throw new OciEncError("USAGE", `--min-recipients: ${JSON.stringify(text.slice(0, 80))} is not a number`);
  },
);

const noPlaintextLeftovers: Flag<boolean> = toggle({
  name: "no-plaintext-leftovers",
  aliases: ["no-plaintext-twins"],
  about: "ask whether the plain blobs are still served beside the image; needs --key or --plain-image",
  group,
});

const plainImage: Flag<string | undefined> = single({
  name: "plain-image",
  placeholder: "REF",
  about: "the plain image, whose layers must not be served beside the sealed one",
  group,
});

const plain: Flag<boolean> = toggle({
  name: "plain",
  about: "judge the signatures of the image that --key opens to; nothing is written",
  group: "Signed:",
});

const offline: Flag<boolean> = toggle({
  name: "offline",
  about: "ask nobody but the image's own place, not even where its signatures are said to be",
  group: "Signed:",
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

/** Questions about encryption; without any of them, a command that asks for signatures asks for nothing else. */
const sealedQuestions: readonly Flag<unknown>[] = [
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
  arguments: [{ name: "IMAGE", about: listTransports(({ encrypted }) => encrypted) }],
  flags: [
    ...sealedQuestions,
    ...judgingFlags,
    annotation,
    identity,
    plain,
    offline,
    ...openingFlags,
    ...settingFlags,
    platform,
    ...sourceFlags,
    form,
  ],
  conflicts: trustConflicts,
  needs: [...trustNeeds, [plainImage, noPlaintextLeftovers], [annotation, trust, trustPolicy], [plain, key, keysDir]],
  examples: [
    "oci-enc verify app:1-enc",
    "oci-enc verify --only team.txt --min-recipients 2 --report junit oci:sealed:app > verify.xml",
    "oci-enc verify -k key.pem --no-plaintext-leftovers app:1-enc",
    "oci-enc verify --trust sigstore:cosign.pub docker://registry.example/app:1-enc",
  ],
  async run(invocation) {
    const { options } = invocation;
    const [{ refusal, verifyImage }, { verifyDocument, verifyText }] = await Promise.all([
      import("../../../index.js"),
      import("../../output/findings/verify-report.js"),
    ]);
    const report = await verifyImage(invocation.arguments[0] ?? "", await readQuestions(invocation));
    const text = verifyText(report, options.get(form));
    return { kind: "report", document: verifyDocument(report), text, failure: refusal(report) };
  },
};

async function readQuestions(invocation: Invocation): Promise<VerifyImageOptions> {
  const { options, progress, signal } = invocation;
  const { parseLayerSelection } = await import("../../../index.js");
  const listed = options.get(only);
  const plainLayers = options.get(allowPlain);
  const source = await onlyEndpoint(invocation);
  return {
    requireEncrypted: options.get(requireEncrypted),
    allowPlain: plainLayers.length === 0 ? undefined : parseLayerSelection(plainLayers),
    requireRecipients: await readRecipientIds(options, requireRecipient),
    only: listed === undefined ? undefined : await readRecipientsFile(listed, signal),
    minRecipients: options.get(minRecipients),
    noPlaintextLeftovers: options.get(noPlaintextLeftovers),
    plainImage: options.get(plainImage),
    failOnSecrets: options.get(failOnSecrets),
    keys: hasKeys(options) ? await readKeys(invocation) : undefined,
    sealed: !asksForSignature(options) || sealedQuestions.some((flag) => options.given(flag)) || hasKeys(options),
    trust: await readRules(invocation),
    platforms: await readPlatforms(options),
    settings: readSettings(options),
    plain: options.get(plain),
    source: { ...source, registry: { ...source.registry, offline: options.get(offline) } },
    progress,
    signal,
  };
}

async function readRules(invocation: Invocation): Promise<TrustRules> {
  const { options } = invocation;
  const { givenName } = await import("../../../index.js");
  const named = options.get(identity);
  return {
    ...(await readTrust(invocation)),
    claims: readClaims(options.get(annotation)),
    identity: named === undefined ? undefined : givenName(named),
    platforms: await readPlatforms(options),
    offline: options.get(offline),
  };
}
