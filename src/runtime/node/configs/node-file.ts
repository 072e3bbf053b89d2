import type { ProcessorOptions } from "../stream-processors.js";

/** Where things are on the node. */
export interface NodeConfigOptions extends ProcessorOptions {
  /** The major version of containerd that the file is for. Default: 2 for k3s, RKE2 and kind, and 1 for others, which 2 reads too. */
  readonly containerd?: 1 | 2 | undefined;
  /**
   * How containerd 2.1 and later pull for Kubernetes. `transfer`: by their own default, without a payload, and image verifiers
   * are asked. `local`: by CRI itself, which sends the decoder a payload and asks none. Default: `transfer`.
   */
  readonly pull?: "transfer" | "local" | undefined;
}

/** A file of a node, or a part of one. */
export interface NodeFile {
  /** Where it goes. */
  readonly path: string;
  readonly format: "toml" | "json" | "yaml" | "template";
  /** What to do then, so that it counts. */
  readonly afterwards: string;
  /** What else to know, a line each. */
  readonly notes: readonly string[];
  /** With the last line break. */
  readonly text: string;
}

/** Where a runtime is on a node. */
export interface NodePlace {
  /** What it is configured as. */
  readonly kind: "containerd" | "docker" | "crio";
  /** What it reads, which some distributions make anew with each start. */
  readonly config: string;
  /** Its program: a name on PATH, or a path. */
  readonly program: string;
  /** Of containerd: its `root` where the configuration names none. */
  readonly root?: string;
}

/** One runtime that can run encrypted images: a file beside this one, and a row of the table. */
export interface NodeRuntimeConfig {
  readonly name: string;
  /** Undefined: it is nothing that a node has, but something that makes nodes. */
  readonly place: NodePlace | undefined;
  files(options: NodeConfigOptions): readonly NodeFile[];
}

/** Lines as the text of a file. */
export function fileText(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
