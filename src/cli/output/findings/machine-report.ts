import type { MachineFinding } from "../../../doors/machine.js";
import type { NodeFinding } from "../../../doors/node.js";
import { OciEncError } from "../../../errors.js";
import type { Report } from "../../commands/command.js";
import { type Column, table } from "../tables/table.js";

const columns: readonly Column[] = [
  { heading: "WHAT", align: "left", gap: 0 },
  { heading: "VERDICT", align: "left", gap: 2 },
  { heading: "FINDING", align: "left", gap: 2 },
];

/** What was found on this machine; a failure where something is wrong. `who`: this node, this machine. */
export function machineReport(findings: readonly (NodeFinding | MachineFinding)[], who: string): Report {
  const bad = findings.filter(({ verdict }) => verdict === "wrong");
  return {
    kind: "report",
    failure: failureOf(bad, who),
    document: {
      ready: bad.length === 0,
      findings: findings.map(({ remedy, ...finding }) => ({ ...finding, remedy: remedy ?? null })),
    },
    text: table(
      columns,
      findings.map(({ what, verdict, message }) => [what, verdict, message]),
    ),
  };
}

/** How to repair what was found, a line each, and each once. */
export function remedies(findings: readonly (NodeFinding | MachineFinding)[]): readonly string[] {
  const lines = findings.flatMap(({ what, remedy }) => (remedy === undefined ? [] : [`${what}: ${remedy}`]));
  return [...new Set(lines)];
}

/** Not ready is a check that says no, so that scripts can stop at the status. */
function failureOf(bad: readonly (NodeFinding | MachineFinding)[], who: string): OciEncError | undefined {
  if (bad.length === 0) return undefined;
  const names = [...new Set(bad.map(({ what }) => what))].join(", ");
  return new OciEncError("UNTRUSTED", `${who} is not ready: ${names}`, {
    hint: bad.find(({ remedy }) => remedy !== undefined)?.remedy ?? "see the findings",
  });
}
