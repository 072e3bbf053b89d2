import { readFile, stat } from "node:fs/promises";
import { OciEncError } from "../../errors.js";
import { findProgram, isExecutable } from "../../process/find-program.js";
import { versionOf } from "../../process/program-version.js";
import { defaultVerifierRules } from "../verifier/read-rules.js";
import { checkContainerd } from "./check/containerd.js";
import { checkCrio } from "./check/crio.js";
import { checkDocker } from "./check/docker.js";
import { good, type NodeFinding, warning } from "./check/finding.js";
import type { NodePlace, NodeRuntimeConfig } from "./configs/node-file.js";
import { nodeRuntimeConfigs } from "./configs/rows.js";
import { defaultKeysPath } from "./stream-processors.js";

/** Where to look. */
export interface NodeCheckOptions {
  /** Which runtime, of `nodeRuntimes`; undefined: all that are on this node. */
  readonly runtime?: string | undefined;
  /** Its configuration; with no runtime, that of containerd. Default: where the runtime has it. */
  readonly config?: string | undefined;
  /** Default: what containerd's configuration names. */
  readonly keysPath?: string | undefined;
  /** Default: what containerd's configuration names. */
  readonly providerConfig?: string | undefined;
}

/** A runtime and where this node has it. */
interface Found {
  readonly name: string;
  readonly place: NodePlace;
}

/** The containerd that dockerd starts where none is running, with a configuration that dockerd writes. */
const dockersOwn: NodePlace = {
  kind: "containerd",
  config: "/var/run/docker/containerd/containerd.toml",
  program: "containerd",
  root: "/var/lib/docker/containerd/daemon",
};

/**
 * Checks what a node needs to run encrypted images. Changes nothing, and does not throw for what it finds; USAGE for a runtime
 * that no node has. `rows` and `rules` are where runtimes and the rules of image verifiers are.
 */
export async function checkNode(
  options: NodeCheckOptions = {},
  rows: readonly NodeRuntimeConfig[] = nodeRuntimeConfigs,
  rules: string = defaultVerifierRules,
): Promise<readonly NodeFinding[]> {
  const { keysPath, providerConfig } = options;
  const found = await runtimesToCheck(options, rows);
  const docker = found.some(({ place }) => place.kind === "docker");
  const findings = found.map(async ({ name, place }) => {
    switch (place.kind) {
      case "containerd":
        return await checkContainerd({ name, place, docker, keysPath, providerConfig, rules });
      case "docker":
        return await checkDocker(place.config, await versionOf(place.program));
      case "crio":
        return await checkCrio(place.config, await versionOf(place.program));
    }
  });
  return [...(await Promise.all(findings)).flat(), await checkRuntime()];
}

async function runtimesToCheck(
  { runtime, config }: NodeCheckOptions,
  rows: readonly NodeRuntimeConfig[],
): Promise<readonly Found[]> {
  const all = rows.flatMap(({ name, place }) => (place === undefined ? [] : [{ name, place }]));
  const here = (await Promise.all(all.map(async (one) => ((await isHere(one.place)) ? [one] : [])))).flat();
  const containerd = all.find(({ name }) => name === "containerd");
  const asked = runtime ?? (config === undefined ? undefined : "containerd");
  if (asked !== undefined) {
    const row = all.find(({ name }) => name === asked);
    if (row === undefined) {
      const names = all.map(({ name }) => name).join(", ");
      throw new OciEncError("USAGE", `no node has the runtime ${JSON.stringify(asked)}; there are ${names}`);
    }
    const one = { ...row, place: { ...row.place, config: config ?? row.place.config } };
    return withDockers([one, ...here.filter(({ name }) => asked === "docker" && name === "containerd")]);
  }
  return withDockers(here.length === 0 && containerd !== undefined ? [containerd] : here);
}

/** Docker decrypts nothing itself: the containerd that it uses is looked at as well. */
function withDockers(found: readonly Found[]): readonly Found[] {
  if (found.some(({ name }) => name === "containerd") || !found.some(({ place }) => place.kind === "docker"))
    return found;
  return [...found, { name: "docker", place: dockersOwn }];
}

async function isHere({ config, program }: NodePlace): Promise<boolean> {
  const found = await stat(config).catch(() => undefined);
  if (found !== undefined) return true;
  return program.includes("/") ? await isExecutable(program) : (await findProgram(program)) !== undefined;
}

async function checkRuntime(): Promise<NodeFinding> {
  for (const name of ["runc", "crun"]) {
    const version = await versionOf(name);
    if (version !== undefined) return good("runtime", `${name} ${version}`);
  }
  return warning("runtime", "neither runc nor crun is on PATH", "install runc or crun");
}

/** Whether somebody has set this machine up for encrypted images: with keys, with rules, or in a runtime's configuration. */
export async function isNodeSetUp(): Promise<boolean> {
  for (const path of [defaultKeysPath, defaultVerifierRules]) {
    if ((await stat(path).catch(() => undefined)) !== undefined) return true;
  }
  for (const { place } of nodeRuntimeConfigs) {
    // What is not there, or may not be read, tells of nothing.
    const text = place === undefined ? "" : await readFile(place.config, "utf8").catch(() => "");
    if (/ocicrypt|ctd-decoder|oci-enc/.test(text)) return true;
  }
  return false;
}
