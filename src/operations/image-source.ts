import type { Platform } from "../oci/platform.js";
import { policyGate } from "../policy/gate.js";
import type { TrustRules } from "../policy/trust-rules.js";
import { openSource } from "../transport/index.js";
import type { EndpointOptions, ImageSource, PolicyGate } from "../transport/transport.js";

/** What the transport needs, and what the image must pass, for an operation that uses one image. */
export interface SourceOptions {
  readonly source?: EndpointOptions | undefined;
  /** What the image has to pass before more of it is read than manifests and signatures. Undefined: nothing. */
  readonly rules?: TrustRules | undefined;
}

interface OperationOptions extends SourceOptions, Pick<EndpointOptions, "signal" | "progress"> {
  /** Undefined: this machine's. */
  readonly platform?: Platform | undefined;
}

/**
 * Opens the image of an operation on one platform. The operation's own `signal` and `progress` are those of the transport,
 * too, and its platform is the one that the rules are about.
 */
export function openImageSource(reference: string, options: OperationOptions): Promise<ImageSource> {
  const { signal, progress, source, platform, rules } = options;
  const end = { signal, progress, ...source };
  return openSource(reference, gatedEndpoint(end, rules, platform ? [platform] : "local"));
}

/**
 * An end whose image has to pass rules as well as the gate that it may have. `platforms`: those that the rules are about
 * when they name none.
 */
export function gatedEndpoint(
  end: EndpointOptions,
  rules: TrustRules | undefined,
  platforms: TrustRules["platforms"],
): EndpointOptions {
  if (rules === undefined) return end;
  const { signal, progress } = end;
  const pass = policyGate({
    ...rules,
    platforms: rules.platforms ?? platforms,
    signal: rules.signal ?? signal,
    progress: rules.progress ?? progress,
  });
  const gate: PolicyGate = async (root, image) => {
    await end.gate?.(root, image);
    await pass(root, image);
  };
  return { ...end, gate };
}
