import type { ConfigFile, ContainerdConfig } from "./containerd-config.js";
import type { ContainerdVersion } from "./containerd-version.js";
import { type NodeFinding, warning, wrong } from "./finding.js";

/** What is wrong with containerd's files as such: what it cannot read, and what it passes over without a word. */
export function checkConfigFiles(config: ContainerdConfig, version: ContainerdVersion): readonly NodeFinding[] {
  const unreadable = config.unreadable.map(({ path, why }) =>
    wrong(
      "containerd",
      `${JSON.stringify(path)}, of containerd's configuration: ${why}`,
      "repair it, or take it out of imports",
    ),
  );
  const astray = config.astray.map(({ path, pattern }) => {
    const message = `containerd ${version.text} looks for ${JSON.stringify(pattern)}, of the imports of ${JSON.stringify(path)}, in the directory it was started in`;
    return wrong("containerd", message, "write the pattern with its whole path");
  });
  return [...unreadable, ...astray, ...config.files.flatMap((file) => checkFile(file, config, version))];
}

function checkFile(
  file: ConfigFile,
  { files, path }: ContainerdConfig,
  { text, major }: ContainerdVersion,
): readonly NodeFinding[] {
  const name = JSON.stringify(file.path);
  const findings: NodeFinding[] = [];
  if (text !== undefined && major === 1 && file.version > 2) {
    const message = `${name} is of version ${file.version}, and containerd ${text} reads versions up to 2`;
    findings.push(
      wrong("containerd", message, "write it anew: oci-enc runtime config containerd --containerd-version 1.7"),
    );
  }
  const main = files.find((one) => one.path === path);
  if (major >= 2 && main !== undefined && file.version > main.version) {
    const message = `${name} is of version ${file.version}, and imported by a file of version ${main.version}: containerd refuses that`;
    findings.push(
      wrong("containerd", message, `containerd config migrate gives ${JSON.stringify(path)} the newer version`),
    );
  }
  const ignored = Object.keys(file.plugins).filter((id) => isIgnored(id, file, major));
  if (ignored.length > 0) {
    const message = `${name} is of version ${file.version}, in which containerd passes over ${ignored.join(", ")}`;
    const remedy =
      major >= 2 ? "say version = 3, or use the names of version 2" : "use the names of version 2, and say version = 2";
    findings.push(warning("containerd", message, remedy));
  }
  return findings;
}

/** Tables of another version of the file. Of containerd 2, the old name is of use in version 3 as well, for other things. */
function isIgnored(id: string, { version, plugins }: ConfigFile, major: number): boolean {
  if (version === 1) return major < 2 && id.includes(".");
  if (id.startsWith("io.containerd.cri.v1.")) return major < 2;
  if (id !== "io.containerd.grpc.v1.cri" || version === 2) return false;
  const table = plugins[id];
  return typeof table === "object" && table !== null && ("image_decryption" in table || "registry" in table);
}
