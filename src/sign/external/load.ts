import { OciEncError } from "../../errors.js";
import type { Signer } from "../signer.js";
import type { SignerSettings, SignerSpec } from "../signer-spec.js";
import { sigstoreSigner } from "../sigstore/signer.js";
import { execSigningKey } from "./exec.js";
import { tokenSigningKey } from "./pkcs11.js";

/** `exec:COMMAND`: a key behind a command, in Sigstore's formats. USAGE. */
export async function loadExecSigner({ value }: SignerSpec, { signerTimeoutMs }: SignerSettings): Promise<Signer> {
  return sigstoreSigner(execSigningKey(Buffer.from(value).toString("utf8"), { timeoutMs: signerTimeoutMs }));
}

/** `pkcs11:URI` or `pkcs11:FILE`: a key in a token, in Sigstore's formats. KEY_INVALID, UNSUPPORTED. */
export async function loadTokenSigner({ value, isFile, passphrase, origin }: SignerSpec): Promise<Signer> {
  const source = isFile ? value : Buffer.from(`pkcs11:${Buffer.from(value).toString("utf8")}`);
  const key = await tokenSigningKey({ value: source, origin, passphrase });
  if (key) return sigstoreSigner(key);
  throw new OciEncError("KEY_INVALID", `${JSON.stringify(origin.slice(0, 300))} names no key in a PKCS#11 token`);
}
