/** What of an image's config is shown to people; image-spec, "Image configuration". Every text comes from outside. */
export interface ConfigView {
  readonly created: string | undefined;
  readonly author: string | undefined;
  readonly user: string | undefined;
  readonly workingDirectory: string | undefined;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: readonly string[];
  readonly ports: readonly string[];
  readonly labels: readonly string[];
  readonly history: readonly {
    readonly created: string | undefined;
    readonly createdBy: string;
    readonly empty: boolean;
  }[];
}

/** The config as data; undefined when there is none, or it is not JSON. */
export function parseConfig(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    // Its digest is right, so this is what the author of the image wrote; there is nothing to show of it.
    return undefined;
  }
}

/** What a config says; what it does not say, or says in another form than it should, is absent. */
export function configView(config: unknown): ConfigView {
  const root = members(config);
  const run = members(root.get("config"));
  return {
    created: text(root.get("created")),
    author: text(root.get("author")),
    user: text(run.get("User")),
    workingDirectory: text(run.get("WorkingDir")),
    entrypoint: texts(run.get("Entrypoint")),
    command: texts(run.get("Cmd")),
    environment: texts(run.get("Env")),
    ports: [...members(run.get("ExposedPorts")).keys()],
    labels: [...members(run.get("Labels"))].map(([name, value]) => `${name}=${text(value) ?? ""}`),
    history: list(root.get("history")).map((entry) => {
      const step = members(entry);
      const createdBy = text(step.get("created_by")) ?? text(step.get("comment")) ?? "";
      return { created: text(step.get("created")), createdBy, empty: step.get("empty_layer") === true };
    }),
  };
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

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
