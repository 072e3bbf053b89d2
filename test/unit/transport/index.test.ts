import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { parseReference } from "../../../src/doors/transport.js";
import type { OciEncError } from "../../../src/errors.js";
import { openSource, openTarget } from "../../../src/transport/index.js";
import { transportRows } from "../../../src/transport/rows.js";
import { expectedError } from "../../support/expected-error.js";
import { writeImage } from "../../support/images/layout-image.js";
import { scratchOf } from "../../support/scratch.js";

for (const [text, transport, locator] of [
  ["oci:dir", "oci:", "dir"],
  ["oci:/a/b:name@sha256", "oci:", "/a/b:name@sha256"],
  ["ocidir:///a/b:tag", "ocidir://", "/a/b:tag"],
  ["ocidir://b", "ocidir://", "b"],
  ["oci-archive:-", "oci-archive:", "-"],
  ["docker-archive:a.tar:app:1", "docker-archive:", "a.tar:app:1"],
  ["dir:/a", "dir:", "/a"],
  ["docker://localhost:5000/a:1", "docker://", "localhost:5000/a:1"],
  ["bash", "", "bash"],
  ["bash.enc:latest", "", "bash.enc:latest"],
  ["docker:dind", "", "docker:dind"],
  ["localhost:5000/bash.enc:latest", "", "localhost:5000/bash.enc:latest"],
  ["constructor", "", "constructor"],
] as const) {
  test(`${JSON.stringify(text)} is ${transport || "the store"} with ${JSON.stringify(locator)}`, () => {
    const parsed = parseReference(text);
    assert.deepEqual([parsed.prefix, parsed.locator], [transport, locator]);
    assert.ok(transport === "" ? parsed.row.prefixes.length === 0 : parsed.row.prefixes.includes(transport));
  });
}

for (const text of ["nfs://a", "containers-storage:app", "docker-daemon:app", "__proto__://a"]) {
  test(`${JSON.stringify(text)} is a USAGE error that names the transports there are`, () => {
    const isExpected = expectedError("USAGE", /unknown transport/);
    assert.throws(
      () => parseReference(text),
      (error) => isExpected(error) && transportRows.every(({ form }) => (error as OciEncError).hint?.includes(form)),
    );
  });
}

test("an empty reference is a USAGE error", () => {
  assert.throws(() => parseReference(""), expectedError("USAGE"));
});

test("a bare name is sought in the store that the options name, and the hint shows ways on", async (t) => {
  const store = join(scratchOf(t), "store");
  await assert.rejects(
    openSource("bash", { store }),
    expectedError("NOT_FOUND", /docker.io\/library\/bash:latest/, /oci-enc/),
  );
  const { root } = await writeImage("bash", [10], { store });
  await using source = await openSource("docker.io/library/bash:latest", { store });
  assert.equal((await source.resolve()).digest, root.digest);
});

test("a name that is not an image name is a USAGE error before anything is looked at", async () => {
  for (const text of ["Bash", "a b", "bash:", "bash@sha256:1", "a:b:c"]) {
    await assert.rejects(openSource(text), expectedError("USAGE"), text);
    await assert.rejects(openTarget(text), expectedError("USAGE"), text);
  }
});
