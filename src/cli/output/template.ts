import { OciEncError } from "../../errors.js";
import { jsonText, printable } from "./printable.js";

/** What `--format` takes: text, and between it members of the document that `--json` prints, as Go's templates write them. */
export type Template = readonly Part[];

type Part = { readonly kind: "text"; readonly text: string } | Placeholder;

/** `{{.A.B}}`, or `{{json .A.B}}`; without names the whole document. */
interface Placeholder {
  readonly kind: "value";
  readonly names: readonly string[];
  readonly asJson: boolean;
}

/** USAGE for what is not a template of this kind. */
export function parseTemplate(text: string): Template {
  const pieces = text.split(/(\{\{.*?\}\})/s).filter((piece) => piece !== "");
  const parts = pieces.map((piece) => (/^\{\{.*\}\}$/s.test(piece) ? placeholder(piece) : plainText(piece)));
  if (parts.some(({ kind }) => kind === "value")) return parts;
  throw new OciEncError("USAGE", `--format: ${JSON.stringify(text.slice(0, 80))} names no member of the document`, {
    hint: `${known}; --json prints the whole document`,
  });
}

/**
 * The text that a template makes of a document: texts as they are, everything else as JSON. A name may be written in the upper
 * case of other tools: `{{.Digest}}`. USAGE, with the names that there are, where the document has no such member.
 */
export function filled(template: Template, document: object): string {
  return template.map((part) => (part.kind === "text" ? part.text : valueText(part, document))).join("");
}

const known = "there are {{.A}}, {{.A.B}}, {{.A.0}} and {{json .A}}; jq does more with what --json prints";

function plainText(text: string): Part {
  if (text.includes("{{") || text.includes("}}")) {
    throw new OciEncError("USAGE", "--format: {{ and }} do not come in pairs", { hint: known });
  }
  return { kind: "text", text };
}

function placeholder(part: string): Placeholder {
  const inner = part.slice(2, -2).trim();
  const [, json, path] = /^(json\s+)?((?:\.[\w$:/-]+)+|\.)$/.exec(inner) ?? [];
  if (path === undefined) {
    throw new OciEncError("USAGE", `--format: ${JSON.stringify(part.slice(0, 80))} is not known here`, { hint: known });
  }
  return { kind: "value", names: path.split(".").filter((name) => name !== ""), asJson: json !== undefined };
}

function valueText({ names, asJson }: Placeholder, document: object): string {
  // As JSON has it: what is not in the printed document cannot be named either.
  const value = memberOf(JSON.parse(JSON.stringify(document)), names, []);
  return typeof value === "string" && !asJson ? printable(value) : jsonText(value);
}

/** What the names lead to. A member may have points in its own name, as annotations have: the longest one counts. */
function memberOf(value: unknown, names: readonly string[], above: readonly string[]): unknown {
  const [name] = names;
  if (name === undefined) return value;
  const members = new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
  for (let count = names.length; count > 0; count -= 1) {
    const found = spelledAs(names.slice(0, count).join("."), members);
    if (found !== undefined) return memberOf(members.get(found), names.slice(count), [...above, found]);
  }
  throw noMember(name, above, members.size > 0 ? [listed(value, members)] : []);
}

/** For a name that leads nowhere below those `above` it; `members`: those that there are. */
export function noMember(name: string, above: readonly string[], members: readonly string[]): OciEncError {
  const place = above.length === 0 ? "the document" : `.${above.join(".")}`;
  return new OciEncError("USAGE", `--format: ${place} has no member ${JSON.stringify(name.slice(0, 80))}`, {
    hint: members.length > 0 ? `it has ${[...new Set(members)].join(", ")}` : "it has no members",
  });
}

function spelledAs(name: string, members: ReadonlyMap<string, unknown>): string | undefined {
  if (members.has(name)) return name;
  return [...members.keys()].find((one) => one.toLowerCase() === name.toLowerCase());
}

function listed(value: unknown, members: ReadonlyMap<string, unknown>): string {
  return Array.isArray(value) ? `the numbers 0 to ${value.length - 1}` : [...members.keys()].join(", ");
}
