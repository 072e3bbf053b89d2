import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { writeLayout } from "../../support/images/sample-layout.js";
import { makeSealedLayout } from "../../support/images/sealed-layout.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();

test("faults/58: SOURCE_DATE_EPOCH of any kind, and dates before 1970, stop no command", async () => {
  const { run } = await makeSealedLayout(scratch);
  for (const SOURCE_DATE_EPOCH of ["0", "-86400", "99999999999999", "yesterday", ""]) {
    const { status, stderr } = await run(["copy", "--force", "oci:images:app", "oci-archive:app.tar"], {
      env: { SOURCE_DATE_EPOCH },
    });
    assert.ok(
      status === 0 || (status === 2 && stderr.includes("SOURCE_DATE_EPOCH")),
      `${SOURCE_DATE_EPOCH}: ${stderr}`,
    );
  }
  for (const created of ["1969-07-20T20:17:00Z", "0001-01-01T00:00:00Z", "+275760-09-13T00:00:00Z", "yesterday"]) {
    const config = { created, history: [{ created, created_by: "RUN" }] };
    await writeLayout(join(scratch, "dated"), {
      name: "app",
      platforms: [{ architecture: "amd64", layers: ["a"], config }],
    });
    const { status, stdout } = await run(["inspect", "oci:dated:app"]);
    assert.equal(status, 0);
    assert.ok(stdout.includes(`Created: ${created}`) && stdout.includes(`    ${created}  RUN`), stdout);
  }
});
