import type { SignedArtifact, SignImageOptions, SignReport } from "../../../doors/sign.js";
import { OciEncError } from "../../../errors.js";
import { listTransports } from "../../../transport/references.js";
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
  about: "write the one signature into this file, in the form of dir: and lookasides, and store nothing with the image",
  group: "Output:",
});

/** `sign IMAGE`. */
export const sign: Command = {
  arguments: [
    {
      name: "IMAGE",
      names: "image",
      about: `any image or artifact: ${listTransports(({ attachments }) => attachments)}`,
    },
  ],
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
    const { options, info } = invocation;
    const { signImage } = await import("../../../doors/sign.js");
    const report = await signImage(invocation.arguments[0] ?? "", await readSigning(invocation));
    const file = options.get(output);
    if (file !== undefined) await writeOnly(report, file);
    const fresh = report.made.some(({ repeated }) => !repeated);
    if (!fresh) info("unchanged");
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
  const { loadSigner } = await import("../../../doors/sign.js");
  const settings = { ...readSettings(options), signal };
  const specs = await readSigners(invocation, options.get(by), options.get(signPassphraseFile));
  if (specs.length === 0) throw new OciEncError("USAGE", "no signer is given", { hint: "name one with --by" });
  const signers = await Promise.all(specs.map((spec) => loadSigner(spec, settings)));
  const lifetime = options.get(expiry);
  return {
    signers,
    formats: options.get(format),
    identity: options.get(identity),
    claims: readClaims(options.get(annotation)),
    expiresAt: lifetime === undefined ? undefined : new Date(Date.now() + lifetime),
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
  const { storedForm } = await import("../../../doors/internal.js");
  await writeNewFile(file, storedForm(one.signature), { mode: 0o644, hint: "choose another file with --output" });
}
