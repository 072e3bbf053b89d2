import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { scratchDirectory } from "../../support/scratch.js";
import { signingEdges } from "../../support/signing/edges/index.js";
import { verdictOnEdge } from "../../support/signing/edges/verdict.js";
import { vectorStore } from "../../support/signing/notary-vector.js";

const stores = vectorStore(scratchDirectory(), ["ec256"]);

// An image is accepted where every tool that looks at such signatures accepts it, and refused where one refuses.
describe("odd signatures", () => {
  for (const edge of signingEdges) {
    test(`${edge.id}: ${edge.ours}${edge.apart === undefined ? "" : `, as ${edge.apart}`}`, async () => {
      const { verdict, reasons } = await verdictOnEdge(edge, stores);
      assert.equal(verdict, edge.ours, reasons.join("\n"));
      // A signature that is there is never said to be none: why it does not count is told.
      const seen = edge.apart === "a list of referrers is not evidence" || reasons.length > 0;
      if (verdict === "refuse") assert.ok(seen, "nothing is said about it");
      for (const reason of reasons) assert.match(reason, /^[^\u0000-\u001f/]*(?:\/[^\u0000-\u001f]*)?$/);
    });
  }
});
