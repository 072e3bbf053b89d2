import type { Check, VerifyReport } from "../../../doors/index.js";
import { findingPlace, tellingFindings } from "./finding.js";

/** The report as JUnit XML, which pipelines show as tests: one case a check, one suite a group. */
export function junitReport({ reference, checks }: VerifyReport): string {
  const groups = [...new Set(checks.map(({ group }) => group))];
  const suites = groups.map((group) =>
    suite(
      group,
      reference,
      checks.filter((check) => check.group === group),
    ),
  );
  return ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", ...suites, "</testsuites>"].join("\n");
}

function suite(group: string, reference: string, checks: readonly Check[]): string {
  const count = (verdict: Check["verdict"]) => checks.filter((check) => check.verdict === verdict).length;
  const counts = `tests="${checks.length}" failures="${count("failed")}" skipped="${count("not judged")}" errors="0"`;
  const head = `  <testsuite name="${escaped(`${group}: ${reference}`)}" ${counts}>`;
  return [head, ...checks.map(testCase), "  </testsuite>"].join("\n");
}

function testCase(check: Check): string {
  const head = `    <testcase classname="oci-enc.${escaped(check.group)}" name="${escaped(check.id)}"`;
  const told = escaped(lines(check));
  switch (check.verdict) {
    case "failed":
      return `${head}>\n      <failure message="${escaped(check.title)}">${told}</failure>\n    </testcase>`;
    case "warning":
      return `${head}>\n      <system-out>${told}</system-out>\n    </testcase>`;
    case "not judged":
      return `${head}>\n      <skipped/>\n    </testcase>`;
    case "passed":
      return `${head}/>`;
  }
}

function lines(check: Check): string {
  return tellingFindings(check)
    .map((finding) => `${findingPlace(finding)}: ${finding.message}`)
    .join("\n");
}

/** XML 1.0 section 2.2 has no place for control characters, escaped or not: they become question marks. */
function escaped(text: string): string {
  return text
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "?")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
