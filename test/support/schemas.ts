import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { commands } from "../../src/cli/commands/index.js";

/** Where the schemas are that the documents of `--json` are published with. */
export const schemaDirectory: string = join(process.cwd(), "docs", "schemas");

/** What these print is no document: a file, a container's own words, a layer, and a reason for containerd. */
const withoutDocument: ReadonlySet<string> = new Set(["cat", "run", "decoder", "runtime image-verifier"]);

/** The names of the commands that print documents. */
export const documented: readonly string[] = commands
  .map(({ name }) => name)
  .filter((name) => !withoutDocument.has(name));

const ajv = new Ajv2020({ allErrors: true, strict: true });

/** What is wrong with a document, by the schema that its first member names; undefined when nothing is. */
export async function documentProblem(document: unknown): Promise<string | undefined> {
  const [first] = Object.entries(document ?? {});
  const named = /^oci-enc\/([a-z-]+)\/v1$/.exec(first?.[0] === "schema" ? String(first[1]) : "");
  if (!named) return "its first member is not a schema";
  const schema: unknown = JSON.parse(await readFile(join(schemaDirectory, `${named[1]}.v1.json`), "utf8"));
  if (typeof schema !== "object" || schema === null) return "its schema is not an object";
  const validate = ajv.compile(schema);
  return validate(document) ? undefined : ajv.errorsText(validate.errors);
}
