import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemCode } from "../../../errors.js";
import { readToml } from "../../../files/toml.js";
import { crioKeysPath } from "../configs/crio.js";
import { tableOf, textOf } from "./containerd-config.js";
import { good, type NodeFinding, warning, wrong } from "./finding.js";

/** What CRI-O decrypts with: it needs no decoder, and only keys. */
export async function checkCrio(config: string, version: string | undefined): Promise<readonly NodeFinding[]> {
  const name = version === undefined ? "CRI-O" : `CRI-O ${version}`;
  const findings: NodeFinding[] = [];
  let keysPath = crioKeysPath;
  for (const file of await filesOf(config)) {
    const text = await readFile(file, "utf8").catch(() => undefined);
    // What is not there says nothing; what may not be read is seen by CRI-O alone.
    if (text === undefined) continue;
    const read = await readToml(text);
    if ("fault" in read) {
      findings.push(wrong("crio", `${JSON.stringify(file)}: ${read.fault}: CRI-O does not start with it`, "repair it"));
      continue;
    }
    keysPath = textOf(tableOf(tableOf(tableOf(read.value)["crio"])["runtime"])["decryption_keys_path"]) ?? keysPath;
  }
  return [...findings, await keysFinding(keysPath, name)];
}

/** CRI-O reads every file, and gives up at a link. */
async function keysFinding(keysPath: string, name: string): Promise<NodeFinding> {
  const quoted = JSON.stringify(keysPath);
  const remedy = `mkdir -m 700 -p ${keysPath}, and put the node's private keys there`;
  try {
    const entries = await readdir(keysPath, { recursive: true, withFileTypes: true });
    const link = entries.find((entry) => entry.isSymbolicLink());
    if (link !== undefined) {
      const message = `${name} refuses all keys, as ${JSON.stringify(join(link.parentPath, link.name))} is a link`;
      return wrong("crio", message, "put the file itself there");
    }
    const count = entries.filter((entry) => entry.isFile()).length;
    return count > 0
      ? good("crio", `${name}, with keys in ${quoted}`)
      : wrong("crio", `${name} has no key in ${quoted}`, remedy);
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    if (code === "ENOENT") return wrong("crio", `${name} has no keys: ${quoted} does not exist`, remedy);
    return warning(
      "crio",
      `this user cannot look into ${quoted} (${code})`,
      "run it as root: sudo oci-enc runtime check",
    );
  }
}

/** The main file and its drop-ins, of which the last counts. */
async function filesOf(config: string): Promise<readonly string[]> {
  const folder = join(dirname(config), "crio.conf.d");
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === undefined) throw error;
    return [];
  });
  return [config, ...names.sort().map((name) => join(folder, name))];
}
