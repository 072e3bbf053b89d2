import { processorTables } from "../stream-processors.js";
import { fileVersion, pullTables } from "./containerd.js";
import { fileText, type NodeConfigOptions, type NodeFile } from "./node-file.js";

/** One of Rancher's distributions, which bring containerd and make its configuration from a template. */
export interface RancherNames {
  /** Below `/var/lib/rancher`. */
  readonly directory: string;
  readonly afterwards: string;
  /** The first releases that have containerd 2. */
  readonly since: string;
}

/**
 * The template: the distribution's own, and our tables after it. It may have a table already in which it says how to pull, and
 * TOML takes none twice, so that goes into a file which newer releases import.
 */
export function rancherFiles(names: RancherNames, options: NodeConfigOptions): readonly NodeFile[] {
  const { directory, afterwards, since } = names;
  const completed = { ...options, containerd: options.containerd ?? 2 };
  const folder = `/var/lib/rancher/${directory}/agent/etc/containerd`;
  const version = fileVersion(completed);
  const generation = version === 3 ? "config-v3.toml" : "config.toml";
  const reader =
    version === 3
      ? `${since} and what came later have containerd 2, which this is for; for those before it: --containerd-version 1.7.`
      : `For containerd 1.7. ${since} and what came later have containerd 2, and read this only where there is no config-v3.toml.tmpl.`;
  const template: NodeFile = {
    path: `${folder}/${generation}.tmpl`,
    format: "template",
    afterwards,
    notes: [reader, "Where there is such a file already, add to it what follows the template of the base."],
    text: fileText(['{{ template "base" . }}', "", ...processorTables(completed)]),
  };
  const pull = options.pull === undefined ? [] : pullTables(completed);
  if (pull.length === 0) return [template];
  const dropIn: NodeFile = {
    path: `${folder}/${generation}.d/10-oci-enc.toml`,
    format: "toml",
    afterwards,
    notes: [`Whether it is read: imports in ${folder}/config.toml names this directory.`],
    text: fileText([`version = ${version}`, "", ...pull.slice(0, -1)]),
  };
  return [template, dropIn];
}
