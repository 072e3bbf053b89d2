import { OciEncError } from "../../errors.js";
import { printImageName } from "../../oci/image-name.js";
import type { CheckedImage } from "../../policy/check-image.js";
import { passGate } from "../../policy/gate.js";
import type { TrustRules } from "../../policy/trust-rules.js";
import { openSource } from "../../transport/index.js";
import { registryReference } from "../../transport/references.js";
import { containerdPlaces, type RegistryPlace } from "../../transport/registry/config/containerd-hosts.js";
import type { EndpointOptions } from "../../transport/transport.js";
import type { JudgeContext } from "./judge-context.js";
import { requireOpen } from "./open-layers.js";
import type { VerifierRequest } from "./request.js";
import { trustRules } from "./trusted-files.js";
import type { Demands, VerifierRules } from "./verifier-rules.js";

/** What is asked of an image, and where the node finds what that needs. */
interface Asked {
  readonly demands: Demands;
  readonly rules: VerifierRules;
}

/**
 * Asks one place of the image after the other until one has an image that may be used, since a mirror may have it without its
 * signatures: the digest is the same, and so is what it proves. Throws the most telling refusal.
 */
export async function judgeByDemands(request: VerifierRequest, asked: Asked, context: JudgeContext): Promise<string> {
  const { places, skipped } = await containerdPlaces(request.name, asked.rules.hostsDirectories);
  const tell = (message: string) => context.progress({ type: "debug", area: "registry", message });
  for (const why of skipped) tell(`not asked: ${why}`);
  const trust = { ...(await trustRules(asked.demands)), ...context, platforms: asked.rules.platforms };
  let refusal: OciEncError | undefined;
  for (const [index, place] of places.entries()) {
    const options = endpoint(place, { isLast: index === places.length - 1, authFile: asked.rules.authFile }, context);
    try {
      const checked = await passAt(request, { place, options, trust });
      const opened = asked.demands.mustOpen ? await requireOpen(checked.used, asked.rules, context.signal) : undefined;
      return wordsFor(checked, opened);
    } catch (error) {
      if (!(error instanceof OciEncError) || context.signal.aborted || final.has(error.code)) throw error;
      tell(`${place.name.host}: ${error.message}`);
      refusal = moreTelling(refusal, error);
      if (index === places.length - 1) refusal = await withMovedTag(refusal, request, { place, options });
    }
  }
  throw refusal ?? new OciEncError("UNAVAILABLE", `no host of the registry can be asked: ${skipped.join("; ")}`);
}

/** No other place would say anything else of the same digest, or with the same files. */
const final: ReadonlySet<string> = new Set(["KEY_MISMATCH", "KEY_PROVIDER", "KEY_INVALID", "USAGE", "LOCAL_IO"]);

/** Such a place has said nothing of the image. */
const silent: ReadonlySet<string> = new Set(["UNAVAILABLE", "NOT_FOUND", "DENIED"]);

function moreTelling(before: OciEncError | undefined, error: OciEncError): OciEncError {
  return before !== undefined && silent.has(error.code) && !silent.has(before.code) ? before : error;
}

interface PlaceAsked {
  readonly place: RegistryPlace;
  readonly options: EndpointOptions;
}

/** Milliseconds; containerd waits little longer for the whole. */
const connectTimeout = 3000;

/** Credentials by the files alone; nothing of registries.conf, which containerd does not read. */
function endpoint(
  { settings }: RegistryPlace,
  { isLast, authFile }: { readonly isLast: boolean; readonly authFile: string | undefined },
  { signal, progress }: JudgeContext,
): EndpointOptions {
  return {
    signal,
    progress,
    registry: {
      host: settings,
      authFile,
      registriesConf: { kind: "none" },
      retryTimes: isLast ? 1 : 0,
      timeouts: { connect: connectTimeout },
    },
  };
}

async function passAt(
  { name, descriptor }: VerifierRequest,
  { place, options, trust }: PlaceAsked & { readonly trust: TrustRules },
): Promise<CheckedImage> {
  const pinned = { ...place.name, tag: undefined, digest: descriptor.digest };
  await using source = await openSource(registryReference(printImageName(pinned)), options);
  try {
    const root = await source.resolve();
    // The same bytes mean one thing as an index and another as a manifest.
    if (root.mediaType !== descriptor.mediaType || root.size !== descriptor.size) {
      const [here, there] = [root, descriptor].map(({ mediaType }) => JSON.stringify(mediaType.slice(0, 120)));
      throw new OciEncError("CORRUPT", `${place.name.host} has it as ${here}, and containerd was given ${there}`);
    }
    return await passGate(trust, root, { reference: registryReference(printImageName(name)), source });
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    // Containerd says beside it which image it is.
    const message = error.message.replace(`${source.name} is`, "the image is");
    throw error.with({ message, hint: error.code === "DENIED" ? credentialsHint : error.hint });
  }
}

const credentialsHint =
  "containerd passes no credentials to its verifiers, pull secrets neither: name a file that has them as auth-file";

/** What was found good, for whoever reads containerd's log. */
function wordsFor({ encrypted, results }: CheckedImage, opened: { readonly opened: number } | undefined): string {
  const signers = results.flatMap(({ outcome }) => (outcome.kind === "accepted" ? outcome.by : []));
  const names = [...new Set(signers.map(({ signer }) => signer))];
  const words = { all: "encrypted", some: "some layers encrypted", none: "not encrypted" } as const;
  return [
    words[encrypted],
    names.length === 0 ? "nobody vouches for it" : `signed by ${names.join(", ")}`,
    ...(opened === undefined ? [] : [`the keys of this node open ${opened.opened} of its layers`]),
  ].join("; ");
}

/** A refused image may be one of yesterday, that its tag does not name any more. What the tag names is not judged. */
async function withMovedTag(
  refusal: OciEncError,
  { name, descriptor }: VerifierRequest,
  { place, options }: PlaceAsked,
): Promise<OciEncError> {
  if (name.tag === undefined || silent.has(refusal.code)) return refusal;
  try {
    await using source = await openSource(
      registryReference(printImageName({ ...place.name, digest: undefined })),
      options,
    );
    const { digest } = await source.resolve();
    if (digest === descriptor.digest) return refusal;
    return refusal.with({ hint: `the tag ${name.tag} names ${digest} by now; ${refusal.hint ?? "pull it again"}` });
  } catch (error) {
    // The refusal is what matters.
    if (error instanceof OciEncError) return refusal;
    throw error;
  }
}
