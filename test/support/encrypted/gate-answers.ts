import { copy } from "../../../src/copy/copy.js";
import type { DecryptionKey, SchemeSettings } from "../../../src/crypt/key-wrapper.js";
import type { LayerVerdict } from "../../../src/crypt/layer-access.js";
import { OciEncError } from "../../../src/errors.js";
import type { Platform } from "../../../src/oci/platform.js";
import { canDecrypt } from "../../../src/operations/can-decrypt.js";
import { inspect } from "../../../src/operations/inspect.js";
import { verify } from "../../../src/operations/verify/verify.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import type { ImageSource } from "../../../src/transport/transport.js";
import { MemoryPlace } from "../images/memory-image.js";

/** What is done about one image with the same keys: `opens`, or the code of the error. */
export interface GateAnswers {
  readonly decrypt: string;
  /** Without reading a layer. */
  readonly decryptPlan: string;
  readonly canDecrypt: string;
  /** Of each layer, as `can-decrypt` and as `layerinfo` have it; what failed before there were any. */
  readonly layers: readonly string[] | string;
  /** The same of those whose media type says that they are encrypted. */
  readonly encrypted: readonly string[];
  readonly shown: readonly string[] | string;
  /** Of each encrypted layer: whether `verify` says that a key opens it. */
  readonly verified: readonly boolean[] | string;
}

/** Who asks. */
export interface Asking {
  readonly keys: readonly DecryptionKey[];
  readonly settings?: SchemeSettings | undefined;
  /** Default: every platform. */
  readonly platforms?: readonly Platform[];
}

/** Asks everybody about the image that `source` has. */
export async function gateAnswers(source: ImageSource, asking: Asking): Promise<GateAnswers> {
  const report = await answerOr(() => canDecrypt(source, asking));
  const image = await answerOr(() => inspect(source, asking));
  const verified = await answerOr(() => verify(source, asking));
  return {
    decrypt: await decrypting(source, asking, false),
    decryptPlan: await decrypting(source, asking, true),
    canDecrypt: typeof report === "string" ? report : (report.refusal?.code ?? "opens"),
    layers: typeof report === "string" ? report : report.layers.map(said),
    encrypted: typeof report === "string" ? [] : report.layers.filter(({ encrypted }) => encrypted).map(said),
    shown:
      typeof image === "string"
        ? image
        : image.manifests.flatMap(({ layers }) => layers.map(({ access }) => (access ? said(access) : "nothing"))),
    verified:
      typeof verified === "string"
        ? verified
        : verified.checks
            .filter(({ id }) => id === "keys-decrypt")
            .flatMap(({ findings }) => findings.map(({ verdict }) => verdict === "passed")),
  };
}

function said({ answer, refusal }: LayerVerdict): string {
  return refusal ? `${answer} ${refusal.code}` : answer;
}

async function decrypting(source: ImageSource, asking: Asking, dryRun: boolean): Promise<string> {
  const target = new MemoryPlace("memory:out").target("out");
  const { platforms } = asking;
  const done = await answerOr(async () =>
    copy(source, target, { transform: await decryptLayers(asking), dryRun, ...(platforms && { platforms }) }),
  );
  return typeof done === "string" ? done : "opens";
}

async function answerOr<T>(ask: () => Promise<T>): Promise<T | string> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof OciEncError) return error.code;
    throw error;
  }
}
