import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noticeWaiting } from "../../../../../src/progress.js";
import { credentialHelper } from "../../../../../src/transport/registry/auth/credential-helper.js";
import { expectedError } from "../../../../support/expected-error.js";
import { testEnvironment } from "../../../../support/registry/registry-endpoint.js";
import { listening } from "../../../../support/registry/registry-ends.js";
import { withScratch } from "../../../../support/registry/registry-files.js";

test("a helper that does not answer is given up, even where a program that it started lives on", () =>
  withScratch(async (folder) => {
    writeFileSync(join(folder, "docker-credential-slow"), "#!/bin/sh\nsleep 1000 2>/dev/null\n", { mode: 0o755 });
    const environment = testEnvironment({ variables: { PATH: `${folder}:${process.env["PATH"]}` } });
    const helper = credentialHelper("slow", environment, { patience: 300 });
    await assert.rejects(helper.get("registry.test"), expectedError("DENIED", /did not answer in time/, /--no-creds/));
  }));

test("that a program is waited for is said after ten seconds, ever more rarely, and no longer than it lasts", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { events, progress } = listening();
  const telling = noticeWaiting('program "x"', progress);
  for (let second = 0; second < 45; second += 1) t.mock.timers.tick(1000);
  telling[Symbol.dispose]();
  t.mock.timers.tick(1_000_000);
  assert.deepEqual(
    events.map((event) => (event.type === "waiting" ? event.message : "")),
    [10, 20, 40].map((seconds) => `no answer from program "x" for ${seconds} s`),
  );
});
