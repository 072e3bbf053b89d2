import type { LayerVerdict } from "../../../doors/index.js";

/** A layer's verdict in one cell of a table: `cannot` comes with its reason, as no other key would help. */
export function verdictText({ answer, refusal }: LayerVerdict): string {
  return answer === "cannot" ? `cannot: ${refusal?.message}` : answer;
}

/** The members of a layer in a document that say what keys can do with it, and why not. */
export function verdictMembers({ answer, refusal }: LayerVerdict): object {
  return { answer, ...(refusal && { code: refusal.code, reason: refusal.message }) };
}
