import { type Check, type Finding, printPlatform, type VerifyReport } from "../../../doors/index.js";
import { jsonText, printable } from "../printable.js";
import { type Column, table } from "../tables/table.js";
import { findingPlace, tellingFindings } from "./finding.js";
import { junitReport } from "./junit.js";
import { sarifReport } from "./sarif.js";

const columns: readonly Column[] = [
  { heading: "VERDICT", align: "left", gap: 0 },
  { heading: "CHECK", align: "left", gap: 2 },
  { heading: "QUESTION", align: "left", gap: 2 },
];

/** What `verify` prints, in the form that was asked for. */
export function verifyText(report: VerifyReport, form: "table" | "json" | "junit" | "sarif"): string {
  switch (form) {
    case "table":
      return verifyTable(report);
    case "json":
      return jsonText({ schema: "oci-enc/verify/v1", ...verifyDocument(report) }, 2);
    case "junit":
      return junitReport(report);
    case "sarif":
      return jsonText(sarifReport(report), 2);
  }
}

/** The document of `verify --json`. */
export function verifyDocument({ reference, digest, verdict, checks }: VerifyReport): object {
  return {
    reference,
    digest,
    verdict,
    checks: checks.map(({ id, group, title, verdict: one, findings }) => ({
      id,
      group,
      title,
      verdict: one,
      findings: findings.map(findingDocument),
    })),
  };
}

function verifyTable({ reference, digest, verdict, checks }: VerifyReport): string {
  const rows = checks.map((check) => [check.verdict, check.id, check.title]);
  const told = checks.flatMap((check) =>
    findingsForPeople(check).map((finding) => {
      const place = findingPlace(finding);
      return printable(`${finding.verdict}: ${check.id}: ${place === "" ? "" : `${place}: `}${finding.message}`);
    }),
  );
  return [printable(`${reference} (${digest}): ${verdict}`), table(columns, rows), ...told].join("\n");
}

/** Of signatures everything: who signed, what such a key cannot promise, and that nobody vouches for the image. */
function findingsForPeople(check: Check): readonly Finding[] {
  return check.group === "signed" ? check.findings : tellingFindings(check);
}

function findingDocument({ verdict, place, message }: Finding): object {
  const { platform, index, digest } = place ?? {};
  return {
    verdict,
    platform: platform ? printPlatform(platform) : null,
    index: index ?? null,
    digest: digest ?? null,
    message,
  };
}
