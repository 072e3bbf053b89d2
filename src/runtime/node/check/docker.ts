import { readFile } from "node:fs/promises";
import { systemCode } from "../../../errors.js";
import { tableOf } from "./containerd-config.js";
import { good, type NodeFinding, warning, wrong } from "./finding.js";

const remedy =
  'in /etc/docker/daemon.json: "features": { "containerd-snapshotter": true }; then systemctl restart docker';

/** Whether Docker Engine has its images in containerd's store: of the other store, no layer goes through a decoder. */
export async function checkDocker(config: string, version: string | undefined): Promise<readonly NodeFinding[]> {
  const name = version === undefined ? "Docker Engine" : `Docker Engine ${version}`;
  const settings = await readSettings(config);
  if (settings === undefined) {
    const broken = `${JSON.stringify(config)} cannot be read, or is not JSON: dockerd does not start with it`;
    return [wrong("docker", broken, "dockerd --validate says where it is wrong")];
  }
  if (settings["userns-remap"]) {
    const message = `${name} remaps users, with which it does not use containerd's image store`;
    return [
      wrong("docker", message, "take userns-remap out of its configuration, or run encrypted images by containerd"),
    ];
  }
  const wanted = tableOf(settings["features"])["containerd-snapshotter"];
  const major = Number(version?.split(".")[0]);
  if (major < 24) {
    return [wrong("docker", `${name} keeps its images in a store of its own`, "install Docker Engine 28 or later")];
  }
  if (wanted === true) return [good("docker", `${name}, with containerd's image store`)];
  if (wanted === false || major < 29) {
    return [wrong("docker", `${name} does not use containerd's image store, in which layers are decrypted`, remedy)];
  }
  const message = `${name} uses containerd's image store if it was installed anew, and not after an upgrade`;
  return [
    warning("docker", message, `docker info shows driver-type: io.containerd.snapshotter.v1 if it does; ${remedy}`),
  ];
}

/** Undefined: it is there, and no object of JSON. Empty when it is not there. */
async function readSettings(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, "utf8"));
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? tableOf(parsed) : undefined;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return {};
    if (systemCode(error) !== undefined || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
