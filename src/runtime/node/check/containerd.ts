import { versionOf } from "../../../process/program-version.js";
import type { NodePlace } from "../configs/node-file.js";
import { providerVariable, type StreamProcessor } from "../stream-processors.js";
import { checkConfigFiles } from "./config-files.js";
import { type ContainerdConfig, readContainerdConfig } from "./containerd-config.js";
import { containerdVersion } from "./containerd-version.js";
import { checkContent, optionOf } from "./content.js";
import { checkDecoders } from "./decoder.js";
import { good, type NodeFinding, warning } from "./finding.js";
import { checkKeys, checkProviders } from "./keys.js";
import { checkProcessors, decoders } from "./processors.js";
import { checkPull } from "./pull.js";
import { checkVerifiers } from "./verifier.js";

/** What a containerd is looked at with. */
export interface ContainerdCheck {
  /** The runtime that it is of. */
  readonly name: string;
  readonly place: NodePlace;
  /** Whether Docker pulls by it, which sends no payload. */
  readonly docker: boolean;
  /** In place of what the configuration names. */
  readonly keysPath?: string | undefined;
  readonly providerConfig?: string | undefined;
  /** The rules of our image verifier. */
  readonly rules: string;
}

/** One containerd of a node, with all that it needs to decrypt layers. */
export async function checkContainerd(check: ContainerdCheck): Promise<readonly NodeFinding[]> {
  const { name, place, docker, rules } = check;
  const version = containerdVersion(await versionOf(place.program));
  const config = await readContainerdConfig(place.config, version);
  const processors = decoders(config);
  const pull = checkPull(config, version);
  const payloadless = pull.payloadless ?? (docker ? "Docker" : undefined);
  return [
    versionFinding(version.text, name),
    ...checkConfigFiles(config, version),
    ...pull.findings,
    ...checkProcessors(config),
    ...(await checkDecoders(processors, payloadless)),
    ...(await checkContent(rootOf(config, place), processors, payloadless)),
    ...(version.major < 2 ? [] : await checkVerifiers(config, { rules, verified: pull.verified })),
    ...(await keysOf(processors, check)),
    ...(await providersOf(processors, check)),
  ];
}

function versionFinding(version: string | undefined, name: string): NodeFinding {
  const whose = name === "containerd" ? "" : ` of ${name}`;
  if (version !== undefined) return good("containerd", `containerd ${version}${whose}`);
  if (whose !== "")
    return warning(
      "containerd",
      `containerd${whose} cannot be started`,
      `see what ${name} brings, and who may start it`,
    );
  return warning(
    "containerd",
    "containerd is not on PATH",
    "nothing, if this node runs CRI-O, or k3s, which brings its own; otherwise install containerd 1.6 or later",
  );
}

function rootOf({ root }: ContainerdConfig, place: NodePlace): string {
  return root ?? place.root ?? "/var/lib/containerd";
}

type Processors = readonly (readonly [id: string, StreamProcessor])[];

async function keysOf(processors: Processors, { keysPath }: ContainerdCheck): Promise<readonly NodeFinding[]> {
  const named =
    keysPath === undefined ? processors.map(([, one]) => optionOf("decryption-keys-path", one)) : [keysPath];
  const paths = [...new Set(named)].filter((path) => path !== undefined);
  if (paths.length === 0) {
    const message = "no processor names the keys of this node: layers open with keys of the payload alone";
    return [warning("keys", message, 'args = ["--decryption-keys-path", "/etc/containerd/ocicrypt/keys"]')];
  }
  return (await Promise.all(paths.map(checkKeys))).flat();
}

async function providersOf(
  processors: Processors,
  { providerConfig }: ContainerdCheck,
): Promise<readonly NodeFinding[]> {
  const prefix = `${providerVariable}=`;
  const named = processors.flatMap(([, { env }]) => env.filter((one) => one.startsWith(prefix)));
  const paths = providerConfig === undefined ? named.map((one) => one.slice(prefix.length)) : [providerConfig];
  return await Promise.all([...new Set(paths)].map(checkProviders));
}
