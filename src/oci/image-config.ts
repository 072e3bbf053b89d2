import { OciEncError } from "../errors.js";

/** What an image says about how it is to be run. Image-spec, "Image configuration", properties of `config` and beside it. */
export interface ImageConfig {
  /** The whole of it as plain data. */
  readonly document: unknown;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: readonly string[];
  readonly workingDirectory: string;
  /** `user`, `user:group`, names or numbers; empty: root. */
  readonly user: string;
  readonly volumes: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
  readonly stopSignal: string;
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
  readonly osVersion: string;
  readonly osFeatures: readonly string[];
  readonly author: string;
  readonly created: string;
  readonly history: readonly HistoryEntry[];
}

/** One step of how the image was made. */
export interface HistoryEntry {
  readonly created: string;
  readonly createdBy: string;
  /** The step made no layer. */
  readonly empty: boolean;
}

/**
 * Reads a config as it is stored. A member that is absent, or of another form than it should be, is empty. CORRUPT when it
 * is not JSON. Every text comes from outside.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const document = parseJson(bytes);
  const root = members(document);
  const run = members(root.get("config"));
  return {
    document,
    entrypoint: texts(run.get("Entrypoint")),
    command: texts(run.get("Cmd")),
    environment: texts(run.get("Env")),
    workingDirectory: text(run.get("WorkingDir")),
    user: text(run.get("User")),
    volumes: [...members(run.get("Volumes")).keys()].sort(),
    labels: Object.fromEntries([...members(run.get("Labels"))].map(([name, value]) => [name, text(value)])),
    ports: [...members(run.get("ExposedPorts")).keys()].sort(),
    stopSignal: text(run.get("StopSignal")),
    os: text(root.get("os")),
    architecture: text(root.get("architecture")),
    variant: text(root.get("variant")),
    osVersion: text(root.get("os.version")),
    osFeatures: texts(root.get("os.features")),
    author: text(root.get("author")),
    created: text(root.get("created")),
    history: list(root.get("history")).map((entry) => {
      const step = members(entry);
      const createdBy = text(step.get("created_by")) || text(step.get("comment"));
      return { created: text(step.get("created")), createdBy, empty: step.get("empty_layer") === true };
    }),
  };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw new OciEncError("CORRUPT", "the image's config is not JSON", { cause });
  }
}

function members(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : []);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function texts(value: unknown): readonly string[] {
  return list(value).filter((entry) => typeof entry === "string");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
