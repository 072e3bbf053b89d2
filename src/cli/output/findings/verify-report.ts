import {
  type Check,
  type EncryptionSight,
  type Finding,
  printPlatform,
  type VerifyReport,
} from "../../../doors/index.js";
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

/** How a report is printed; `verbose`: the table and what it says have what was not judged, too. */
export interface VerifyForm {
  readonly report: "table" | "json" | "junit" | "sarif";
  readonly verbose: boolean;
}

/** What `verify` prints, in the form that was asked for. */
export function verifyText(report: VerifyReport, form: VerifyForm): string {
  switch (form.report) {
    case "table":
      return verifyTable(report, form);
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

function verifyTable(report: VerifyReport, { verbose }: VerifyForm): string {
  const { reference, digest, verdict, checks } = report;
  const told = ({ verdict: one }: { readonly verdict: string }) =>
    verbose || verdict === "not judged" || one !== "not judged";
  const rows = checks.filter(told).map((check) => [check.verdict, check.id, check.title]);
  const findings = checks.flatMap((check) =>
    findingsForPeople(check)
      .filter(told)
      .map((finding) => printable(`${finding.verdict}: ${check.id}: ${placed(finding)}`)),
  );
  return [
    printable(verifySentence(report)),
    printable(`${reference} (${digest}): ${verdict}`),
    table(columns, rows),
    ...findings,
  ].join("\n");
}

/** `app:1-enc is encrypted for 2 recipients and signed by …`, or why it does not pass. */
function verifySentence({ reference, verdict, checks, sight }: VerifyReport): string {
  const { encryption, signers } = sight;
  const facts = [
    ...(encryption ? [encryptionText(encryption)] : []),
    ...(signers.length > 0 ? [`is signed by ${signers.join(" and ")}`] : []),
  ];
  const failures = checks.flatMap(({ findings }) => findings).filter((finding) => finding.verdict === "failed");
  const [first] = failures;
  if (first !== undefined) {
    const more = failures.length > 1 ? `, and ${failures.length - 1} more` : "";
    const before = facts.length > 0 ? `${facts.join(", ")}, but ` : "";
    return `${reference} ${before}does not pass: ${placed(first)}${more}`;
  }
  if (verdict === "not judged") return `${reference} is not judged: nothing was asked that it could fail`;
  const unsigned = signers.length === 0 ? ["no signature was asked for"] : [];
  return `${reference} ${[...facts, ...unsigned].join(", and ")}`;
}

function encryptionText({ layers, encrypted, recipients }: EncryptionSight): string {
  if (encrypted === 0) return "is not encrypted";
  const whom = `for ${recipients} recipient${recipients === 1 ? "" : "s"}`;
  return encrypted === layers ? `is encrypted ${whom}` : `is encrypted in ${encrypted} of ${layers} layers ${whom}`;
}

function placed(finding: Finding): string {
  const place = findingPlace(finding);
  return `${place === "" ? "" : `${place}: `}${finding.message}`;
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
