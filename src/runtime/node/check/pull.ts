import { type ContainerdConfig, tableOf } from "./containerd-config.js";
import { type ContainerdVersion, pullsByTransfer } from "./containerd-version.js";
import { good, type NodeFinding, warning } from "./finding.js";

/** How Kubernetes pulls by this containerd. */
export interface CriPull {
  /** Whose pulls send the decoder no payload; undefined: CRI's send one, or there is no CRI. */
  readonly payloadless: string | undefined;
  /** Whether image verifiers are asked. */
  readonly verified: boolean;
  readonly findings: readonly NodeFinding[];
}

const cri = ["cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"];

/** What the configuration says of it; what it does not say is as containerd has it. */
export function checkPull(config: ContainerdConfig, version: ContainerdVersion): CriPull {
  if (config.disabled.some((id) => cri.includes(id))) return { payloadless: undefined, verified: true, findings: [] };
  const images = config.plugin("io.containerd.cri.v1.images");
  const local = images["use_local_image_pull"] === true;
  if (pullsByTransfer(version) && !local) {
    const message =
      "CRI pulls by containerd's transfer service, without a payload: the decoder looks in the content store";
    return { payloadless: "containerd's default pull", verified: true, findings: [good("pull", message)] };
  }
  const own = version.major >= 2 && "image_decryption" in images ? images : config.plugin("io.containerd.grpc.v1.cri");
  const model = tableOf(own["image_decryption"])["key_model"];
  if (model === undefined || model === "node") {
    return {
      payloadless: undefined,
      verified: false,
      findings: [good("pull", "CRI pulls by itself, and sends a payload")],
    };
  }
  const message = `key_model is ${JSON.stringify(model)}: CRI sends no payload, and the decoder looks in the content store`;
  const finding = warning("pull", message, 'key_model = "node", which is the default');
  return { payloadless: "CRI", verified: false, findings: [finding] };
}
