import { OciEncError } from "../../errors.js";
import { dockerScopes } from "../../oci/docker-scopes.js";
import type { JudgeContext } from "./judge-context.js";
import { judgeByDemands } from "./judge-places.js";
import type { VerifierRequest } from "./request.js";
import { everyImage, matchRule, type VerifierRules } from "./verifier-rules.js";

/**
 * Why an image may be pulled, in words. Throws why not: the first refusal of the rules in the order signatures, classes, keys.
 * Nothing of it but manifests and signatures is read, all of it by the digest that containerd has given; a registry that
 * cannot be asked is a refusal.
 */
export async function judgeImage(
  request: VerifierRequest,
  rules: VerifierRules,
  context: JudgeContext,
): Promise<string> {
  const file = JSON.stringify(rules.path);
  const matched = matchRule(rules.rules, dockerScopes(request.name));
  if (matched === undefined) {
    throw new OciEncError("UNTRUSTED", `no rule of ${file} is for this image, and such an image is refused`, {
      hint: "add a rule whose images cover it",
    });
  }
  const { scope, rule } = matched;
  const by = `the rule for ${scope === everyImage ? "every image" : scope}`;
  if (rule.verdict === "allow") return `${by} lets it in as it is`;
  if (rule.verdict === "refuse") throw new OciEncError("UNTRUSTED", `${by} in ${file} refuses it`);
  try {
    const words = await judgeByDemands(request, { demands: rule.verdict, rules }, context);
    return `${by} lets it in: ${words}`;
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    throw error.with({ message: `${error.message} (${by} in ${file})` });
  }
}
