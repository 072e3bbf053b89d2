import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { expectedError } from "../../../../support/expected-error.js";
import { openAttachable, openAttached } from "../../../../support/images/made-attachments.js";
import { hostImage } from "../../../../support/registry/hosted-image.js";
import { passOn } from "../../../../support/registry/pass-on.js";
import { withScratch } from "../../../../support/registry/registry-files.js";
import { replyProblem, summary } from "../../../../support/registry/request-log.js";
import { startServer } from "../../../../support/registry/scripted-server.js";
import { type SignaturesShim, startSignaturesShim } from "../../../../support/registry/signatures-shim.js";
import { startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";

async function add(host: string, ...signatures: readonly string[]): Promise<void> {
  await using target = await openAttachable(host);
  await using source = await openAttached(host);
  const root = await source.resolve();
  for (const signature of signatures) await target.addSimpleSignature(root.digest, Buffer.from(signature));
  await target.commit(root, await source.manifest(root));
}

async function list(host: string): Promise<readonly string[]> {
  await using source = await openAttached(host);
  const found = await source.simpleSignatures((await source.resolve()).digest);
  return found.map((signature) => Buffer.from(signature).toString());
}

async function withShim(use: (shim: SignaturesShim, key: string) => Promise<void>): Promise<void> {
  await using server = await startStrictRegistry();
  const { root } = hostImage(server);
  await using shim = await startSignaturesShim(server.host);
  await use(shim, `app ${root.digest}`);
}

describe("X-Registry-Supports-Signatures", () => {
  test("signatures are added once each under names of their own, and read in the registry's order", () =>
    withShim(async (shim, key) => {
      assert.deepEqual(await list(shim.host), []);
      await add(shim.host, "one", "two", "one");
      await add(shim.host, "two", "three");
      assert.deepEqual(await list(shim.host), ["one", "two", "three"]);
      const names = (shim.kept.get(key) ?? []).map((entry) => ("name" in entry ? entry.name : ""));
      assert.equal(new Set(names).size, 3);
      for (const name of names) assert.match(String(name), /^sha256:[0-9a-f]{64}@[0-9a-f]{32}$/);
      assert.equal(summary(shim.log).filter((line) => /^(?:PUT|POST) \/v2/.test(line)).length, 0);
    }));

  test("entries of other versions and types are not signatures", () =>
    withShim(async (shim, key) => {
      const content = Buffer.from("good").toString("base64");
      const good = { schemaVersion: 2, name: "a", type: "atomic", content };
      shim.kept.set(key, [
        { ...good, schemaVersion: 1 },
        { ...good, type: "other" },
        { ...good, content: 5 },
        {},
        good,
      ]);
      assert.deepEqual(await list(shim.host), ["good"]);
    }));

  test("it takes precedence over lookaside", () =>
    withShim((shim) =>
      withScratch(async (folder) => {
        const directory = join(folder, "registries.d");
        mkdirSync(directory);
        const lookaside = pathToFileURL(join(folder, "sigstore")).href;
        writeFileSync(join(directory, "a.yaml"), JSON.stringify({ "default-docker": { lookaside } }));
        const options = { registry: { registriesDirectory: directory } };
        await using source = await openAttached(shim.host, options);
        const { digest } = await source.resolve();
        const below = join(folder, "sigstore", `app@${digest.replace(":", "=")}`);
        mkdirSync(below, { recursive: true });
        writeFileSync(join(below, "signature-1"), "beside");
        assert.deepEqual(await source.simpleSignatures(digest), []);
      }),
    ));

  test("abuse: a list with more than 128 signatures, or of another shape, is refused", () =>
    withShim(async (shim, key) => {
      const entry = { schemaVersion: 2, name: "a", type: "atomic", content: "" };
      shim.kept.set(key, Array(129).fill(entry));
      await assert.rejects(list(shim.host), expectedError("CORRUPT", /more than 128/));
    }));

  test("a registry that refuses the signature is DENIED, and the tag stays", async () => {
    await using server = await startStrictRegistry();
    const { root } = hostImage(server);
    await using front = await startServer((exchange) => {
      if (exchange.url.pathname.startsWith("/extensions/") && exchange.record.method === "PUT")
        return replyProblem(exchange, 403, "DENIED");
      if (exchange.url.pathname.startsWith("/extensions/")) return replyProblem(exchange, 404, "NOT_FOUND");
      return passOn(exchange, server.host, { answered: () => ({ "x-registry-supports-signatures": "1" }) });
    });
    await assert.rejects(add(front.host, "one"), expectedError("DENIED", /cannot store a signature/));
    assert.equal(server.repository("app").tags.get("1"), root.digest);
  });
});
