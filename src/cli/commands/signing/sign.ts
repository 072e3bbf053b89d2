import { OciEncError } from "../../../errors.js";
import type { SignedArtifact, SignImageOptions, SignReport } from "../../../index.js";
import { listTransports } from "../../../transport/index.js";
import { type Flag, single } from "../../options/flag.js";
import { readSettings, settingFlags } from "../../options/keys/key-flags.js";
import { platform, readPlatforms } from "../../options/platforms.js";
import { endpointFlags, sourceEndpoint, targetEndpoint } from "../../options/registry/endpoints.js";
import { readSigners } from "../../options/signing/signers.js";
import {
  annotation,
  by,
  expiry,
  format,
  identity,
  indexOnly,
  readClaims,
  signPassphraseFile,
} from "../../options/signing/signing-flags.js";
import { writeNewFile } from "../../output/new-file.js";
import type { Command, Invocation } from "../command.js";
import { dryRun } from "../transfer/transfer-flags.js";

const output: Flag<string | undefined> = single({
  name: "output",
  placeholder: "FILE",
  about: "write the one signature into this file, as dir: and lookasides keep it, and nothing beside the image",
  group: "Output:",
});

/** `sign IMAGE`. */
export const sign: Command = {
  arguments: [{ name: "IMAGE", about: `any image or artifact: ${listTransports(({ attachments }) => attachments)}` }],
  flags: [
    by,
    format,
    annotation,
    identity,
    expiry,
    indexOnly,
    platform,
    signPassphraseFile,
    ...settingFlags,
    ...endpointFlags,
    output,
    dryRun,
  ],
  conflicts: [
    [indexOnly, platform],
    [output, dryRun],
  ],
  examples: [
    "oci-enc sign --by sigstore:cosign.key docker://registry.example/app:1-enc",
    "oci-enc sign --by gpg:0123456789ABCDEF0123456789ABCDEF01234567 --identity registry.example/app:1 dir:app",
    "oci-enc sign --by notary:release --expiry 720h -a build=17 docker://registry.example/app:1-enc",
  ],
  async run(invocation) {
    const { options, info: notice } = invocation;
    const { signImage } = await import("../../../index.js");
    const report = await signImage(invocation.arguments[0] ?? "", await readSigning(invocation));
    const file = options.get(output);
    if (file !== undefined) await writeOnly(report, file);
    const fresh = report.made.some(({ repeated }) => !repeated);
    if (!fresh) notice("unchanged");
    return {
      kind: "report",
      document: signDocument(report, { changed: fresh && report.artifacts !== undefined }),
      text: [report.root.digest, ...shown(report).map(signatureLine)].join("\n"),
      writes: true,
    };
  },
};

async function readSigning(invocation: Invocation): Promise<SignImageOptions> {
  const { options, progress, signal } = invocation;
  const { claimedName, givenName, loadSigner } = await import("../../../index.js");
  const settings = { ...readSettings(options), signal };
  const specs = await readSigners(invocation, options.get(by), options.get(signPassphraseFile));
  if (specs.length === 0) throw new OciEncError("USAGE", "nobody signs", { hint: "name a signer with --by" });
  const signers = await Promise.all(specs.map((spec) => loadSigner(spec, settings)));
  const lasting = options.get(expiry);
  const named = options.get(identity);
  return {
    signers,
    formats: options.get(format),
    identity: named === undefined ? claimedName(invocation.arguments[0] ?? "") : givenName(named),
    claims: readClaims(options.get(annotation)),
    expiresAt: lasting === undefined ? undefined : new Date(Date.now() + lasting),
    indexOnly: options.get(indexOnly),
    platforms: await readPlatforms(options),
    dryRun: options.get(dryRun) || options.given(output),
    source: await sourceEndpoint(invocation),
    target: await targetEndpoint(invocation),
    progress,
    signal,
  };
}

/** What was stored, or what would be: then it has no digest yet by which it is known. */
function shown({ artifacts, made }: SignReport): readonly ShownSignature[] {
  if (artifacts) return artifacts;
  return made.map(({ subject, signature, signer, repeated }) => {
    return { subject: subject.digest, format: signature.format, signer, digest: null, repeated };
  });
}

type ShownSignature = Omit<SignedArtifact, "digest"> & { readonly digest: string | null };

function signatureLine({ format: form, subject, digest, signer, repeated }: ShownSignature): string {
  const state = digest === null ? "not stored" : digest;
  return `${form}  ${subject}  ${state}  ${signer}${repeated ? "  (was there)" : ""}`;
}

function signDocument(report: SignReport, { changed }: { changed: boolean }): object {
  const { digest, mediaType, size } = report.root;
  return { reference: report.reference, digest, mediaType, size, changed, signatures: shown(report) };
}

async function writeOnly({ made }: SignReport, file: string): Promise<void> {
  const [one, ...more] = made;
  if (one === undefined || more.length > 0) {
    throw new OciEncError("USAGE", `--output takes one signature, and there are ${made.length}`, {
      hint: "choose one with --format and --index-only or --platform",
    });
  }
  const { storedForm } = await import("../../../index.js");
  await writeNewFile(file, storedForm(one.signature), { mode: 0o644, hint: "choose another file with --output" });
}
