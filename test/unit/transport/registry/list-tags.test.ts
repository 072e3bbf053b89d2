import assert from "node:assert/strict";
import { test } from "node:test";
import { registryContext } from "../../../../src/transport/registry/open-client.js";
import { listRepositoryTags } from "../../../../src/transport/registry/operations.js";
import { expectedError } from "../../../support/expected-error.js";
import { testEnvironment } from "../../../support/registry/registry-endpoint.js";
import { reply } from "../../../support/registry/request-log.js";
import { startServer } from "../../../support/registry/scripted-server.js";

async function listed(tags: unknown): Promise<readonly string[]> {
  await using server = await startServer((exchange) =>
    reply(exchange, 200, { "content-type": "application/json" }, JSON.stringify({ name: "app", tags })),
  );
  return (await listRepositoryTags(`docker://${server.host}/app`, {}, registryContext(testEnvironment()))).tags;
}

test("tags are given in the registry's order, and null means none", async () => {
  assert.deepEqual(await listed(["b", "a", "_1.0-rc", "x".repeat(128)]), ["b", "a", "_1.0-rc", "x".repeat(128)]);
  assert.deepEqual(await listed(null), []);
});

test("faults/60: an entry that is not a tag makes the list CORRUPT, and cannot steer the terminal", async () => {
  for (const entry of ["\u001b[31mevil\u001b[0m\n", "a b", "", ".a", "a\n", "x".repeat(129), "x".repeat(100_000)]) {
    await assert.rejects(listed(["ok", entry]), (error) => {
      expectedError("CORRUPT", /^the tags of ".*\/app" came with ".*", which is not a tag$/)(error);
      return error instanceof Error && error.message.length < 400 && !error.message.includes("\u001b");
    });
  }
  for (const entry of [7, null, ["a"], { name: "a" }]) {
    await assert.rejects(listed(["ok", entry]), expectedError("CORRUPT", /an entry that is not a string$/));
  }
});
