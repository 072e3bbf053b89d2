import { readFile, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { readKeysDirectory } from "../../decoder/keys-directory.js";
import { unusableKeys } from "../../decoder/readable-keys.js";
import { OciEncError } from "../../errors.js";
import { isExecutable } from "../../process/find-program.js";
import { versionOf } from "../../process/program-version.js";
import { defaultKeysPath, defaultProviderConfig } from "./node-config.js";

/** Where to look. */
export interface NodeCheckOptions {
  /** Containerd's configuration; default `/etc/containerd/config.toml`. */
  readonly config?: string | undefined;
  readonly keysPath?: string | undefined;
  readonly providerConfig?: string | undefined;
}

/** The result of one check. */
export interface NodeFinding {
  readonly what: "containerd" | "decoder" | "processors" | "keys" | "providers" | "runtime";
  readonly verdict: "good" | "warning" | "wrong";
  readonly message: string;
  /** How to repair it; undefined when that is not necessary. */
  readonly remedy: string | undefined;
}

/** Checks what a node needs to run encrypted images. Changes nothing, and does not throw for what it finds. */
export async function checkNode(options: NodeCheckOptions = {}): Promise<readonly NodeFinding[]> {
  const {
    config = "/etc/containerd/config.toml",
    keysPath = defaultKeysPath,
    providerConfig = defaultProviderConfig,
  } = options;
  const text = await readFile(config, "utf8").catch(() => undefined);
  const version = await versionOf("containerd");
  return [
    checkContainerd(version),
    ...(await checkProcessors(text, config, version)),
    await checkDecoder(text),
    ...(await checkKeys(keysPath)),
    await checkProviders(providerConfig),
    await checkRuntime(),
  ];
}

function good(what: NodeFinding["what"], message: string): NodeFinding {
  return { what, verdict: "good", message, remedy: undefined };
}

function checkContainerd(version: string | undefined): NodeFinding {
  if (version !== undefined) return good("containerd", `containerd ${version}`);
  return {
    what: "containerd",
    verdict: "warning",
    message: "containerd is not on PATH",
    remedy: "nothing, if this node runs CRI-O, or k3s, which brings its own; otherwise install containerd 1.6 or later",
  };
}

async function checkProcessors(
  text: string | undefined,
  config: string,
  version: string | undefined,
): Promise<readonly NodeFinding[]> {
  const print = "oci-enc runtime config containerd prints what is needed";
  if (text === undefined) {
    const message = `${JSON.stringify(config)} cannot be read; containerd's built-in configuration accepts gzip and uncompressed layers`;
    return [{ what: "processors", verdict: "warning", message, remedy: `for zstd layers write one: ${print}` }];
  }
  const lines = text.split("\n").filter((line) => !line.trimStart().startsWith("#"));
  const active = lines.join("\n");
  const findings: NodeFinding[] = [];
  for (const id of ["tar", "tar.gzip"]) {
    const known = new RegExp(
      `stream_processors\\.["']io\\.containerd\\.ocicrypt\\.decoder\\.v1\\.${id.replace(".", "\\.")}["']`,
    );
    if (!known.test(active)) {
      const message = `${JSON.stringify(config)} has no stream processor io.containerd.ocicrypt.decoder.v1.${id}`;
      findings.push({ what: "processors", verdict: "wrong", message, remedy: print });
    }
  }
  if (!active.includes("tar+zstd+encrypted")) {
    const message = "zstd layers are not accepted by any stream processor";
    findings.push({
      what: "processors",
      verdict: "warning",
      message,
      remedy: `add them to the entry tar.gzip: ${print}`,
    });
  }
  if (Number(version?.split(".")[0]) >= 2 && !/use_local_image_pull\s*=\s*true/.test(active)) {
    const message = "containerd 2 pulls without sending the decoder a payload";
    findings.push({ what: "processors", verdict: "wrong", message, remedy: "set use_local_image_pull = true" });
  }
  return findings.length > 0
    ? findings
    : [good("processors", `both stream processors are in ${JSON.stringify(config)}`)];
}

/** The path that the configuration names, or the one that containerd would find. */
async function checkDecoder(text: string | undefined): Promise<NodeFinding> {
  const named = /path\s*=\s*["']([^"']*(?:ctd-decoder|oci-enc)[^"']*)["']/.exec(text ?? "")?.[1] ?? "ctd-decoder";
  const path = isAbsolute(named) ? named : await onPath(named);
  const remedy =
    "make install in a clone of oci-enc installs ctd-decoder; containerd must find it on its own PATH, so an absolute path is safest";
  if (path === undefined || !(await isExecutable(path))) {
    return {
      what: "decoder",
      verdict: "wrong",
      message: "the decoder that the configuration names does not exist or is not executable",
      remedy,
    };
  }
  return good("decoder", `${path}`);
}

async function checkKeys(keysPath: string): Promise<readonly NodeFinding[]> {
  const quoted = JSON.stringify(keysPath);
  try {
    const { mode } = await stat(keysPath);
    const keys = readKeysDirectory(keysPath);
    const ignored = await unusableKeys(keys);
    const findings: NodeFinding[] = ignored.map((error) => ({
      what: "keys",
      verdict: "warning",
      message: `not used: ${error.message}`,
      remedy: error.hint ?? "remove it, or put its passphrase beside it as NAME.passphrase",
    }));
    const usable = keys.length - ignored.length;
    if (usable <= 0) {
      const remedy =
        "put the private keys of this node there, one file each; without them only key providers can decrypt layers";
      findings.push({ what: "keys", verdict: "wrong", message: `no usable key in ${quoted}`, remedy });
    }
    if ((mode & 0o077) !== 0) {
      const message = `users other than the owner may access ${quoted}: mode ${(mode & 0o777).toString(8)}`;
      findings.push({ what: "keys", verdict: "warning", message, remedy: `chmod -R go= ${keysPath}` });
    }
    return findings.length > 0 ? findings : [good("keys", `${usable} usable in ${quoted}`)];
  } catch (error) {
    if (!(error instanceof OciEncError) && !isMissing(error)) throw error;
    const remedy = `mkdir -m 700 -p ${keysPath}, and put the node's private keys there`;
    return [{ what: "keys", verdict: "wrong", message: `${quoted} cannot be read`, remedy }];
  }
}

async function checkProviders(path: string): Promise<NodeFinding> {
  const quoted = JSON.stringify(path);
  try {
    const parsed: unknown = JSON.parse(await readFile(path, "utf8"));
    const listed =
      typeof parsed === "object" && parsed !== null && "key-providers" in parsed ? parsed["key-providers"] : {};
    return good("providers", `${Object.keys(listed ?? {}).length} in ${quoted}`);
  } catch (error) {
    if (isMissing(error)) return good("providers", `none: ${quoted} does not exist`);
    return {
      what: "providers",
      verdict: "wrong",
      message: `${quoted} cannot be read, or is not JSON`,
      remedy: "see docs/keys.md for its format",
    };
  }
}

async function checkRuntime(): Promise<NodeFinding> {
  for (const name of ["runc", "crun"]) {
    const version = await versionOf(name);
    if (version !== undefined) return good("runtime", `${name} ${version}`);
  }
  const remedy = "install runc or crun";
  return { what: "runtime", verdict: "warning", message: "neither runc nor crun is on PATH", remedy };
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    (error.code === "ENOENT" || error.code === "ENOTDIR" || error.code === "EACCES")
  );
}

async function onPath(name: string): Promise<string | undefined> {
  for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(directory, name);
    if (directory !== "" && (await isExecutable(path))) return path;
  }
  return undefined;
}
