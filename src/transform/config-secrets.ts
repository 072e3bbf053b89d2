import { memberOf, parseJson } from "../oci/json-text.js";
import { isSecretName } from "../oci/secret-name.js";

/** A name in an image's config that looks as if its value were secret. */
export interface ConfigSecret {
  readonly where: "Env" | "history";
  /** Never the value. */
  readonly name: string;
}

/** Looks through `config.Env` and the `history` of an image config, which stay readable when layers are encrypted. */
export function findConfigSecrets(config: Uint8Array): readonly ConfigSecret[] {
  const { root } = parseJson(config, "the image's config");
  const inner = memberOf(root, "config");
  const env = stringsOf(inner && memberOf(inner, "Env")).flatMap((entry) => assigned(entry, /^([^=]+)=(.+)$/gs));
  const history = memberOf(root, "history");
  const commands = history?.kind === "array" ? history.items.map((item) => memberOf(item, "created_by")) : [];
  const assignments = commands.flatMap((command) =>
    command?.kind === "string"
      ? assigned(command.value, /(?:^|[\s"'])-{0,2}([A-Za-z][A-Za-z0-9_-]*)=["']?([^\s"']+)/g)
      : [],
  );
  return [
    ...unique(env).map((name) => secret("Env", name)),
    ...unique(assignments).map((name) => secret("history", name)),
  ];
}

function assigned(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? "").filter(isSecretName);
}

function stringsOf(node: ReturnType<typeof memberOf>): readonly string[] {
  if (node?.kind !== "array") return [];
  return node.items.flatMap((item) => (item.kind === "string" ? [item.value] : []));
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}

function secret(where: ConfigSecret["where"], name: string): ConfigSecret {
  return { where, name: name.slice(0, 80) };
}
