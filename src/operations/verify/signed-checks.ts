import type { CheckerResult } from "../../policy/check-image.js";
import type { GateResult } from "../../policy/gate.js";
import type { Accepted } from "../../sign/signature.js";
import { type Check, type Finding, worstOf } from "./check.js";

/** One check for each policy checker, and one for the image as a whole: its class, and whether somebody vouches for it. */
export function signedChecks(image: GateResult): readonly Check[] {
  const titles = new Map(image.results.map(({ checker }) => [checker.id, checker.title]));
  const asked = [...titles].map(([id, title]) =>
    check({ id, title }, image.results.filter(({ checker }) => checker.id === id).flatMap(findingsOf)),
  );
  return [
    ...asked,
    check({ id: "vouched-for", title: "its class, encrypted and signed or not, may be used" }, [classFinding(image)]),
  ];
}

/** Who vouches for the image, each once. */
export function signersOf({ results }: GateResult): readonly string[] {
  const accepted = results.flatMap(({ outcome }) => (outcome.kind === "accepted" ? outcome.by : []));
  return [...new Set(accepted.map(({ signer }) => signer))];
}

function check(names: Pick<Check, "id" | "title">, findings: readonly Finding[]): Check {
  return { ...names, group: "signed", verdict: worstOf(findings.map(({ verdict }) => verdict)), findings };
}

function findingsOf({ manifest, outcome }: CheckerResult): readonly Finding[] {
  const place = { platform: manifest.platform, index: undefined, digest: manifest.digest };
  switch (outcome.kind) {
    case "accepted":
      return outcome.by.flatMap((accepted) => [
        { verdict: "passed", place, message: `signed by ${whose(accepted)}` },
        ...accepted.notes.map((message): Finding => ({ verdict: "passed", place, message })),
      ]);
    case "not judged":
      return [{ verdict: "not judged", place, message: outcome.why }];
    case "refused":
      return outcome.reasons.map((message) => ({ verdict: "failed", place, message, code: outcome.code }));
  }
}

/** Who vouches, where nobody has to, and what is asked of images of its class. */
function classFinding({ signed, encrypted, decision }: GateResult): Finding {
  const place = undefined;
  if (decision.verdict === "refused") return { verdict: "failed", place, message: decision.reason };
  if (decision.verdict === "warned") return { verdict: "warning", place, message: decision.reason };
  if (signed) return { verdict: "passed", place, message: "signed by somebody who is trusted" };
  const message = encrypted === "none" ? "nobody vouches for it" : "encrypted, and nobody vouches for it";
  return { verdict: "not judged", place, message };
}

function whose({ signer, identity, signedAt }: Accepted): string {
  const name = identity === undefined ? "" : ` as ${JSON.stringify(identity.slice(0, 200))}`;
  return `${signer}${name}${signedAt ? ` at ${signedAt.toISOString()}` : ""}`;
}
