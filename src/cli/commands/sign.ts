import { writeFile } from "node:fs/promises";
import { ioError, OciEncError } from "../../errors.js";
import type { SignImageOptions, SignReport, SignedArtifact } from "../../index.js";
import { endpointFlags, sourceEndpoint, targetEndpoint } from "../options/endpoints.js";
import { type Flag, single } from "../options/flag.js";
import { readSettings, settingFlags } from "../options/key-flags.js";
import { platform, readPlatforms } from "../options/platforms.js";
import { readSigners } from "../options/signers.js";
import { annotation, by, expiry, format, identity, indexOnly, readClaims, signPassphraseFile } from "../options/signing-flags.js";
import type { Command, Invocation } from "./command.js";
import { dryRun } from "./transfer-flags.js";

const output: Flag<string | undefined> = single({
  name: "output",
  placeholder: "FILE",
  about: "write the one signature into this file, and store nothing beside the image",
  group: "Output:",
});

/** `sign IMAGE`. */
export const sign: Command = {
  arguments: [{ name: "IMAGE", about: "any image or artifact: docker://, oci:, oci-archive:, dir: or a name in the local store" }],
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
    const { options, notice } = invocation;
    const { signImage } = await import("../../index.js");
    const report = await signImage(invocation.arguments[0] ?? "", await readSigning(invocation));
    const file = options.get(output);
    if (file !== undefined) await writeOnly(report, file);
    const fresh = report.artifacts.some(({ repeated }) => !repeated);
    if (!fresh) notice("unchanged");
    return {
      kind: "report",
      document: signDocument(report, { changed: fresh && file === undefined && !options.get(dryRun) }),
      text: [report.root.digest, ...report.artifacts.map(artifactLine)].join("\n"),
      writes: true,
    };
  },
};

async function readSigning(invocation: Invocation): Promise<SignImageOptions> {
  const { options, progress, signal } = invocation;
  const { imageNameOf, loadSigner } = await import("../../index.js");
  const settings = { ...readSettings(options), signal };
  const specs = await readSigners(invocation, options.get(by), options.get(signPassphraseFile));
  if (specs.length === 0) throw new OciEncError("USAGE", "nobody signs", { hint: "name a signer with --by" });
  const signers = await Promise.all(specs.map((spec) => loadSigner(spec, settings)));
  const claimed = options.get(identity);
  const lasting = options.get(expiry);
  return {
    signers,
    formats: options.get(format),
    identity: imageNameOf(claimed === undefined ? (invocation.arguments[0] ?? "") : `docker://${claimed}`),
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

function artifactLine({ format: form, digest, signer, repeated }: SignedArtifact): string {
  return `${form}  ${digest}  ${signer}${repeated ? "  (was there)" : ""}`;
}

function signDocument({ reference, root, artifacts }: SignReport, { changed }: { changed: boolean }): object {
  const { digest, mediaType, size } = root;
  return { reference, digest, mediaType, size, changed, signatures: artifacts };
}

async function writeOnly({ signatures }: SignReport, file: string): Promise<void> {
  const [signature, ...more] = signatures;
  if (signature === undefined || more.length > 0) {
    throw new OciEncError("USAGE", `--output takes one signature, and there are ${signatures.length}`, {
      hint: "choose one with --format and --index-only or --platform",
    });
  }
  try {
    await writeFile(file, signature.content, { flag: "wx" });
  } catch (error) {
    throw ioError(error, `cannot write the signature to ${JSON.stringify(file)}`);
  }
}
