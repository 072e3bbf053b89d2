import type { JudgedImage, Opinion } from "../policy/judge-image.js";
import type { Accepted } from "../sign/signature.js";
import { type Check, type Finding, worstOf } from "./check.js";

/** One check for each judge, and one for what was asked of the image as a whole. */
export function signedChecks(image: JudgedImage, refusal: Finding | undefined): readonly Check[] {
  const ids = new Map(image.opinions.map(({ judge }) => [judge.id, judge.title]));
  const judged = [...ids].map(([id, title]): Check => {
    const findings = image.opinions.filter(({ judge }) => judge.id === id).flatMap(findingsOf);
    return { id, group: "signed", title, verdict: worstOf(findings.map(({ verdict }) => verdict)), findings };
  });
  const findings = refusal ? [refusal] : [voucher(image)];
  const title = "somebody who is trusted vouches for the image";
  return [
    ...judged,
    { id: "signed", group: "signed", title, verdict: worstOf(findings.map(({ verdict }) => verdict)), findings },
  ];
}

function findingsOf({ manifest, outcome }: Opinion): readonly Finding[] {
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

/** Who vouches, where nobody has to. */
function voucher({ signed, sealed }: JudgedImage): Finding {
  if (signed) return { verdict: "passed", place: undefined, message: "signed by somebody who is trusted" };
  const message = sealed === "none" ? "nobody vouches for it" : "encrypted, and nobody vouches for it";
  return { verdict: "not judged", place: undefined, message };
}

function whose({ signer, identity, signedAt }: Accepted): string {
  const name = identity === undefined ? "" : ` as ${JSON.stringify(identity.slice(0, 200))}`;
  return `${signer}${name}${signedAt ? ` at ${signedAt.toISOString()}` : ""}`;
}
