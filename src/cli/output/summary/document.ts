import type { SummaryFact } from "../../commands/command.js";
import { inlineCode, inlineText, markdownTable } from "./markdown.js";

type Members = ReadonlyMap<string, unknown>;

/** A member of the documents of `--json` that is a fact in a summary, whatever the command. */
interface FactRow {
  readonly member: string;
  readonly label: string;
  values(value: unknown): readonly string[];
}

const factRows: readonly FactRow[] = [
  { member: "reference", label: "image", values: texts },
  { member: "verdict", label: "verdict", values: texts },
  { member: "replaced", label: "digest that the name had", values: texts },
  { member: "digest", label: "digest", values: (value) => (value === null ? ["not written"] : texts(value)) },
  { member: "layers", label: "layers", values: countsOfActions },
];

/** A member that is a list, and becomes a table. */
interface TableRow {
  readonly member: string;
  readonly heads: readonly string[];
  /** In Markdown. */
  cells(item: Members): readonly string[];
}

const tableRows: readonly TableRow[] = [
  {
    member: "checks",
    heads: ["verdict", "check", "question", "findings"],
    cells: (check) => [
      ...["verdict", "id", "title"].map((name) => inlineText(textOf(check.get(name)))),
      firstLines(itemsOf(check.get("findings")).flatMap(tellingFinding)),
    ],
  },
  {
    member: "signatures",
    heads: ["signature", "of", "by"],
    cells: (signature) => ["format", "subject", "signer"].map((name) => inlineCode(textOf(signature.get(name)))),
  },
];

/** What a document says in a line or two. None: there is no document. */
export function documentFacts(document: object | undefined): readonly SummaryFact[] {
  const members = membersOf(document);
  return factRows
    .filter(({ member }) => members.has(member))
    .map(({ member, label, values }) => ({ label, values: values(members.get(member)) }))
    .filter(({ values }) => values.length > 0);
}

/** The lists of a document, as tables in Markdown. */
export function documentTables(document: object | undefined): readonly string[] {
  const members = membersOf(document);
  return tableRows.flatMap(({ member, heads, cells }) => {
    const items = itemsOf(members.get(member));
    return items.length === 0 ? [] : [markdownTable(heads, items.map(cells))];
  });
}

/** `2 encrypt, 1 keep`, of the layers that a command has copied. */
function countsOfActions(layers: unknown): readonly string[] {
  const counts = new Map<string, number>();
  for (const layer of itemsOf(layers)) {
    const action = textOf(layer.get("action"));
    if (action !== "") counts.set(action, (counts.get(action) ?? 0) + 1);
  }
  return counts.size === 0 ? [] : [[...counts].map(([action, count]) => `${count} ${action}`).join(", ")];
}

/** What did not pass, and where. */
function tellingFinding(finding: Members): readonly string[] {
  if (!["failed", "warning"].includes(textOf(finding.get("verdict")))) return [];
  const index = finding.get("index");
  const layer = typeof index === "number" ? `layer ${index}` : "";
  const place = [textOf(finding.get("platform")), layer].filter((part) => part !== "").join(", ");
  return [inlineCode(`${place === "" ? "" : `${place}: `}${textOf(finding.get("message"))}`)];
}

/** Of many lines of a cell the first ones, and how many there are. */
function firstLines(lines: readonly string[]): string {
  const more = lines.length > 20 ? [`… and ${lines.length - 20} more`] : [];
  return [...lines.slice(0, 20), ...more].join("<br>");
}

function texts(value: unknown): readonly string[] {
  return typeof value === "string" ? [value] : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function itemsOf(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.map(membersOf) : [];
}

function membersOf(value: unknown): Members {
  return new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
}
