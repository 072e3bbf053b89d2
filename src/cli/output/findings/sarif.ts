import type { Check, Finding, VerifyReport } from "../../../doors/index.js";
import { findingPlace, tellingFindings } from "./finding.js";

/** The report as SARIF 2.1.0, which code scanning reads: a rule for each check, a result for all that did not pass. */
export function sarifReport({ reference, checks }: VerifyReport): object {
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "oci-enc",
            rules: checks.map(({ id, title }) => ({ id, shortDescription: { text: title } })),
          },
        },
        results: checks.flatMap((check) => tellingFindings(check).map((finding) => result(check, finding, reference))),
      },
    ],
  };
}

function result({ id }: Check, finding: Finding, reference: string): object {
  const place = findingPlace(finding);
  return {
    ruleId: id,
    level: finding.verdict === "failed" ? "error" : "warning",
    message: { text: `${place === "" ? "" : `${place}: `}${finding.message}` },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: encodeURI(reference) } },
        ...(place !== "" && { logicalLocations: [{ fullyQualifiedName: place, kind: "member" }] }),
      },
    ],
  };
}
