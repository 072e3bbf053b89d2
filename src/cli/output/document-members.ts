import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { systemCode } from "../../errors.js";
import { noMember, type Template } from "./template.js";

/** A part of a JSON schema, as far as names of members follow from it. */
interface Schema {
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/**
 * Whether a command's document can have what a template names, by the schema that the document is published with. USAGE, with the
 * members that there may be. Where the schemas were not installed, nothing is said: the document itself will tell.
 */
export function judgeMembers(template: Template, command: string): void {
  const schema = publishedSchema(command);
  if (schema === undefined) return;
  for (const part of template) if (part.kind === "value") judge([schema], part.names, { root: schema, above: [] });
}

interface Seen {
  readonly root: Schema;
  /** The names so far. */
  readonly above: readonly string[];
}

function judge(schemas: readonly Schema[], names: readonly string[], { root, above }: Seen): void {
  const [name] = names;
  const forms = schemas.flatMap((schema) => formsOf(schema, root));
  if (name === undefined || forms.some(isOpen)) return;
  // A name may have points in it: the longest one counts.
  for (let count = names.length; count > 0; count -= 1) {
    const member = names.slice(0, count).join(".");
    const found = forms.flatMap((form) => below(form, member));
    if (found.length === 0) continue;
    judge(found, names.slice(count), { root, above: [...above, member] });
    return;
  }
  const members = forms.flatMap(({ properties = {} }) => Object.keys(properties));
  const isList = forms.some(({ items }) => items !== undefined);
  throw noMember(name, above, isList ? ["the numbers from 0 on"] : members);
}

/** What a schema may stand for. */
function formsOf(schema: Schema, root: Schema): readonly Schema[] {
  const { $ref, anyOf } = schema;
  if (anyOf !== undefined) return anyOf.flatMap((form) => formsOf(form, root));
  if ($ref === undefined) return [schema];
  const named = root.$defs?.[$ref.replace("#/$defs/", "")];
  return named === undefined ? [{}] : formsOf(named, root);
}

/** Whether a form says nothing of its members, or lets any be. */
function isOpen({ type, properties, additionalProperties }: Schema): boolean {
  if (type === undefined) return properties === undefined;
  return type === "object" && additionalProperties !== false;
}

function below({ properties = {}, items }: Schema, name: string): readonly Schema[] {
  if (items !== undefined) return /^\d+$/.test(name) ? [items] : [];
  return Object.entries(properties).flatMap(([member, schema]) =>
    member.toLowerCase() === name.toLowerCase() ? [schema] : [],
  );
}

/** Found by the package's own name, as compiled files are at more than one depth. */
function publishedSchema(command: string): Schema | undefined {
  const name = `docs/schemas/${command.replaceAll(" ", "-")}.v1.json`;
  try {
    const root = import.meta.resolve("oci-enc/package.json");
    return JSON.parse(readFileSync(fileURLToPath(new URL(name, root)), "utf8"));
  } catch (error) {
    if (error instanceof Error && systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
