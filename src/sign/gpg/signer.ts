import { OciEncError } from "../../errors.js";
import type { SchemeSettings } from "../../keys/key-context.js";
import { keyNameOf } from "../../keys/pgp/key-name.js";
import { type ImageName, printImageName } from "../../oci/image-name.js";
import { sameClaims } from "../claims.js";
import type { Signature } from "../signature.js";
import type { Signer, SignRequest } from "../signer.js";
import { writePayload } from "../simple-signing/payload.js";
import { fileBackend } from "./file-backend.js";
import type { GpgBackend, GpgKey } from "./gpg-backend.js";
import { programBackend } from "./program-backend.js";
import { gpgVerifier } from "./verifier.js";

/** How to sign, and what to say about it. */
export interface GpgSignerOptions extends SchemeSettings {
  /** What the payload calls its maker: `oci-enc 1.2.3`. */
  readonly creator: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Signs with an OpenPGP key: through the `gpg` program, its agent and cards, when `key` is a name that gpg knows; with the
 * secret key itself when it is a key file. The primary key signs, unless a subkey is named by its own fingerprint, since
 * skopeo before 1.22 takes no other. NOT_FOUND, CONFLICT and KEY_INVALID when the key cannot be had.
 */
export async function gpgSigner(key: GpgKey, options: GpgSignerOptions): Promise<Signer> {
  const name = keyNameOf(key);
  const backend = name === undefined ? await fileBackend(key) : await programBackend(name, key.passphrase, options);
  return {
    name: `gpg ${backend.fingerprint}`,
    formats: ["gpg"],
    usual: ["gpg"],
    sign: (request) => sign(backend, request, options.creator),
    repeats: (existing, request) => repeats(backend, existing, request),
  };
}

async function sign(backend: GpgBackend, request: SignRequest, creator: string): Promise<Signature> {
  refuseForeign(request);
  const timestamp = Math.floor(request.now.getTime() / 1000);
  const payload = writePayload({
    type: "atomic container signature",
    digest: request.image.descriptor.digest,
    reference: referenceOf(request),
    optional: { ...request.claims, creator, timestamp },
  });
  const subject = request.image.descriptor.digest;
  const content = await backend.sign(payload, request);
  const signature: Signature = { format: "gpg", subject, content, annotations: {}, where: "" };
  await requireGood(backend, signature, request);
  return signature;
}

/** The configuration of gpg may add signers, or its clock may be wrong: a new message is verified as others will verify it. */
async function requireGood(backend: GpgBackend, signature: Signature, request: SignRequest): Promise<void> {
  const verifier = await gpgVerifier([backend.publicKey]);
  const verdict = await verifier.verify(signature, request.image, request.now);
  if (verdict.verdict === "accepted") return;
  const code = verdict.code === "UNSUPPORTED" ? "UNSUPPORTED" : "KEY_PROVIDER";
  throw new OciEncError(code, `what gpg ${backend.fingerprint} signed does not verify: ${verdict.reason}`);
}

async function repeats(backend: GpgBackend, existing: Signature, request: SignRequest): Promise<boolean> {
  if (existing.format !== "gpg") return false;
  const verifier = await gpgVerifier([backend.publicKey]);
  const verdict = await verifier.verify(existing, request.image, request.now);
  if (verdict.verdict !== "accepted" || verdict.identity !== referenceOf(request)) return false;
  return sameClaims(verdict.claims, request.claims);
}

function refuseForeign({ format, claims, expiresAt }: SignRequest): void {
  if (format !== "gpg")
    throw new OciEncError("UNSUPPORTED", `an OpenPGP key makes no signature of the format ${format}`);
  if (expiresAt !== undefined) {
    throw new OciEncError("UNSUPPORTED", "a simple-signing message has no expiry", {
      hint: "only Notary Project signatures have one",
    });
  }
  const taken = ["creator", "timestamp"].find((name) => Object.hasOwn(claims, name));
  if (taken !== undefined) {
    throw new OciEncError("UNSUPPORTED", `a simple-signing message says ${JSON.stringify(taken)} itself`);
  }
}

/** With its tag where it has one, else its digest: with both, no rule of a policy would ever match. */
function referenceOf({ identity, image }: SignRequest): string {
  const name: ImageName | undefined = identity ?? image.identity;
  if (name === undefined) {
    throw new OciEncError("USAGE", "a simple-signing message says which image it is about, and this one has no name", {
      hint: "name it with --identity",
    });
  }
  return printImageName(name.tag === undefined ? name : { ...name, digest: undefined });
}
