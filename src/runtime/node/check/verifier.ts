import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { OciEncError, systemCode } from "../../../errors.js";
import { isExecutable } from "../../../process/find-program.js";
import { checkVerifierRules } from "../../verifier/read-rules.js";
import { type ContainerdConfig, textOf } from "./containerd-config.js";
import { good, type NodeFinding, warning, wrong } from "./finding.js";

const plugin = "io.containerd.image-verifier.v1.bindir";

/** Where containerd 2 looks for verifiers if nothing else is said. */
const defaultDirectory = "/opt/containerd/image-verifier/bin";

/** How many it asks then. */
const defaultCount = 10;

/** What is known of a node's verifier. */
export interface VerifierPlace {
  /** The file of rules. */
  readonly rules: string;
  /** Whether pulls ask verifiers, as far as the configuration tells. */
  readonly verified: boolean;
}

/**
 * Containerd's image verifiers: each file of a directory is asked before a pull, and one that cannot be started refuses every
 * image, while a directory that is not there lets all in.
 */
export async function checkVerifiers(config: ContainerdConfig, place: VerifierPlace): Promise<readonly NodeFinding[]> {
  const table = config.plugin(plugin);
  const directory = textOf(table["bin_dir"]) ?? defaultDirectory;
  const names = await namesIn(directory);
  const ours = (
    await Promise.all(names.map(async (name) => ((await isOurs(join(directory, name))) ? [name] : [])))
  ).flat();
  const findings: NodeFinding[] = [];
  for (const name of names) findings.push(...(await checkVerifier(join(directory, name))));
  const count = typeof table["max_verifiers"] === "number" ? table["max_verifiers"] : defaultCount;
  if (count >= 0 && names.length > count) {
    const left = names.slice(count).join(", ");
    findings.push(
      wrong("verifier", `max_verifiers is ${count}: ${left} is not asked`, `max_verifiers = ${names.length}`),
    );
  }
  findings.push(...(ours.length > 0 ? await checkRules(place.rules) : await checkUnused(place.rules, directory)));
  if (names.length > 0 && config.disabled.includes(plugin)) {
    const message = `disabled_plugins has ${plugin}: the verifiers in ${JSON.stringify(directory)} are not asked`;
    findings.push(wrong("verifier", message, "take it out of disabled_plugins"));
  } else if (names.length > 0 && !place.verified) {
    const message = "CRI pulls by itself, and asks no verifier";
    findings.push(warning("verifier", message, "use_local_image_pull = false, with containerd 2.1 or later"));
  }
  if (findings.length > 0) return findings;
  return names.length === 0 ? [] : [good("verifier", `${names.join(", ")} in ${JSON.stringify(directory)}`)];
}

/** Our verifier refuses every image when its rules cannot be used. */
async function checkRules(path: string): Promise<readonly NodeFinding[]> {
  try {
    await checkVerifierRules(path);
    return [];
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    const remedy = error.hint ?? "docs/runtimes/image-verifier.md says what the rules may be";
    return [wrong("verifier", `the verifier refuses every image: ${error.message}`, remedy)];
  }
}

/** Rules that nobody goes by. */
async function checkUnused(path: string, directory: string): Promise<readonly NodeFinding[]> {
  if ((await stat(path).catch(() => undefined)) === undefined) return [];
  const message = `${JSON.stringify(path)} has rules, and no oci-enc-image-verifier is in ${JSON.stringify(directory)}: nobody goes by them`;
  return [wrong("verifier", message, `ln -s "$(command -v oci-enc-image-verifier)" ${directory}/`)];
}

async function namesIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (systemCode(error) === undefined) throw error;
    return [];
  });
  return names.sort();
}

async function isOurs(path: string): Promise<boolean> {
  const target = await realpath(path).catch(() => path);
  return [path, target].some((one) => basename(one).startsWith("oci-enc-image-verifier"));
}

async function checkVerifier(path: string): Promise<readonly NodeFinding[]> {
  const quoted = JSON.stringify(path);
  const found = await stat(path).catch(() => undefined);
  const refuses = "containerd cannot start it, and refuses every image";
  if (found === undefined)
    return [wrong("verifier", `${quoted} leads nowhere: ${refuses}`, "repair the link, or remove it")];
  if (!found.isFile()) {
    return [
      wrong("verifier", `${quoted} is no file: ${refuses}`, "the directory is for verifiers alone: move it away"),
    ];
  }
  if (!(await isExecutable(path))) {
    return [
      wrong(
        "verifier",
        `${quoted} is not executable: ${refuses}`,
        `chmod 755 ${path}, or move it away if it is no verifier`,
      ),
    ];
  }
  if ((found.mode & 0o022) !== 0) {
    const message = `users other than the owner may change ${quoted}: mode ${(found.mode & 0o777).toString(8)}`;
    return [wrong("verifier", message, `chmod go-w ${path}`)];
  }
  return [];
}
