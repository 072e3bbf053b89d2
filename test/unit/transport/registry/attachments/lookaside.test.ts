import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Digest } from "../../../../../src/oci/digest.js";
import { expectedError } from "../../../../support/expected-error.js";
import { openAttachable, openAttached } from "../../../../support/images/made-attachments.js";
import { hostImage } from "../../../../support/registry/hosted-image.js";
import { testEnvironment } from "../../../../support/registry/registry-endpoint.js";
import type { EndOptions } from "../../../../support/registry/registry-ends.js";
import { withScratch } from "../../../../support/registry/registry-files.js";
import { pour, reply, replyProblem, summary } from "../../../../support/registry/request-log.js";
import { startServer } from "../../../../support/registry/scripted-server.js";
import { startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";

/** Options by which signatures are read below `lookaside`, and written there or below `staging`. */
function placed(folder: string, lookaside: string, staging?: string): EndOptions {
  const directory = join(folder, "registries.d");
  mkdirSync(directory, { recursive: true });
  const section = { lookaside, ...(staging ? { "lookaside-staging": staging } : {}) };
  writeFileSync(join(directory, "a.yaml"), JSON.stringify({ "default-docker": section }));
  return { registry: { registriesDirectory: directory } };
}

async function addAll(host: string, options: EndOptions, ...signatures: readonly string[]): Promise<void> {
  await using target = await openAttachable(host, options);
  await using source = await openAttached(host, options);
  const root = await source.resolve();
  for (const signature of signatures) await target.addSimpleSignature(root.digest, Buffer.from(signature));
  await target.commit(root, await source.manifest(root));
}

async function list(host: string, options: EndOptions, subject?: Digest): Promise<readonly string[]> {
  await using source = await openAttached(host, options);
  const found = await source.simpleSignatures(subject ?? (await source.resolve()).digest);
  return found.map((signature) => Buffer.from(signature).toString());
}

describe("lookaside", () => {
  test("signatures get the first free numbers in a directory, none twice, and are read in order", () =>
    withScratch(async (folder) => {
      await using server = await startStrictRegistry();
      const { root } = hostImage(server);
      const options = placed(folder, `${pathToFileURL(join(folder, "sig store")).href}/`);
      assert.deepEqual(await list(server.host, options), []);
      await addAll(server.host, options, "one", "two", "one");
      await addAll(server.host, options, "two", "three");
      assert.deepEqual(await list(server.host, options), ["one", "two", "three"]);
      const below = join(folder, "sig store", `app@${root.digest.replace(":", "=")}`);
      assert.deepEqual(readdirSync(below).toSorted(), ["signature-1", "signature-2", "signature-3"]);
      assert.equal(readFileSync(join(below, "signature-3"), "utf8"), "three");
      assert.equal(summary(server.log).filter((line) => line.startsWith("PUT")).length, 0);
    }));

  test("without a registries.d they are where skopeo keeps them, for root and for others", () =>
    withScratch(async (folder) => {
      await using server = await startStrictRegistry();
      const { root } = hostImage(server);
      for (const [isSuperuser, place] of [
        [true, join(folder, "var/lib/containers/sigstore")],
        [false, join(folder, "home/.local/share/containers/sigstore")],
      ] as const) {
        const environment = testEnvironment({ home: join(folder, "home"), root: folder, isSuperuser });
        await addAll(server.host, { environment }, "one");
        assert.deepEqual(await list(server.host, { environment }), ["one"]);
        assert.deepEqual(readdirSync(join(place, `app@${root.digest.replace(":", "=")}`)), ["signature-1"]);
      }
    }));

  test("two writers at the same time both get a number", () =>
    withScratch(async (folder) => {
      await using server = await startStrictRegistry();
      hostImage(server);
      const options = placed(folder, pathToFileURL(folder).href);
      const names = Array.from({ length: 8 }, (_, index) => `signature ${index}`);
      await Promise.all(names.map((name) => addAll(server.host, options, name)));
      assert.deepEqual((await list(server.host, options)).toSorted(), names);
    }));

  test("from the web they are read up to the first 404, and written to the staging directory", () =>
    withScratch(async (folder) => {
      await using server = await startStrictRegistry();
      const { root } = hostImage(server);
      await using web = await startServer((exchange) => {
        const number = Number(exchange.url.pathname.split("-").at(-1));
        if (number > 2) return replyProblem(exchange, 404, "NOT_FOUND");
        reply(exchange, 200, {}, number === 1 ? "one" : "two");
      });
      const staging = pathToFileURL(join(folder, "staged")).href;
      const options = placed(folder, `${web.origin}/s`, staging);
      assert.deepEqual(await list(server.host, options), ["one", "two"]);
      const below = `GET /s/app@${root.digest.replace(":", "=")}/signature-`;
      assert.deepEqual(summary(web.log), [`${below}1`, `${below}2`, `${below}3`]);
      assert.equal(
        web.log.some(({ headers }) => "authorization" in headers),
        false,
      );
      await addAll(server.host, options, "three");
      assert.equal(
        readFileSync(join(folder, "staged", `app@${root.digest.replace(":", "=")}`, "signature-1"), "utf8"),
        "three",
      );
    }));

  test("a web server's other errors are failures, and no end of the list", () =>
    withScratch(async (folder) => {
      await using server = await startStrictRegistry();
      hostImage(server);
      for (const [status, code] of [
        [403, "DENIED"],
        [410, "NOT_FOUND"],
        [500, "UNAVAILABLE"],
      ] as const) {
        await using web = await startServer((exchange) => replyProblem(exchange, status, "NO"));
        const reading = list(server.host, placed(folder, web.origin));
        await assert.rejects(reading, expectedError(code, /cannot read the signature/));
      }
    }));

  test("what cannot be written is UNSUPPORTED before anything has changed", () =>
    withScratch(async (folder) => {
      await using server = await startStrictRegistry();
      hostImage(server);
      const options = placed(folder, "https://read.test/only");
      await assert.rejects(
        addAll(server.host, options, "one"),
        expectedError("UNSUPPORTED", /https:\/\/read\.test/, /lookaside-staging/),
      );
      assert.equal(server.log.filter(({ method }) => method === "PUT" || method === "POST").length, 0);
      for (const url of ["ftp://a.test/x", "file://a.test/x", "/srv/signatures", "https://a.test/?x"]) {
        await assert.rejects(list(server.host, placed(folder, url)), expectedError("CORRUPT", /not a place/));
      }
    }));

  test("abuse: a digest that is none does not become a path", () =>
    withScratch(async (folder) => {
      await using server = await startStrictRegistry();
      hostImage(server);
      writeFileSync(join(folder, "signature-1"), "not for you");
      await using web = await startServer((exchange) => reply(exchange, 200, {}, "not for you"));
      for (const hostile of ["sha256:../../..", "sha256:..%2f..", `sha256:${"0".repeat(63)}/`, "..", ""]) {
        for (const lookaside of [pathToFileURL(join(folder, "a", "b")).href, web.origin]) {
          const reading = list(server.host, placed(folder, lookaside), hostile as Digest);
          await assert.rejects(reading, expectedError("CORRUPT", /not a digest/));
        }
      }
      assert.equal(web.log.length, 0);
    }));

  test("abuse: a signature after a gap is not seen, and more than 128 are refused", () =>
    withScratch(async (folder) => {
      await using server = await startStrictRegistry();
      const { root } = hostImage(server);
      const options = placed(folder, pathToFileURL(folder).href);
      const below = join(folder, `app@${root.digest.replace(":", "=")}`);
      mkdirSync(below);
      for (const number of [1, 2, 4]) writeFileSync(join(below, `signature-${number}`), String(number));
      assert.deepEqual(await list(server.host, options), ["1", "2"]);
      for (let number = 3; number <= 128; number += 1)
        writeFileSync(join(below, `signature-${number}`), String(number));
      assert.equal((await list(server.host, options)).length, 128);
      await assert.rejects(addAll(server.host, options, "new"), expectedError("CONFLICT", /128 signatures/));
      writeFileSync(join(below, "signature-129"), "129");
      await assert.rejects(list(server.host, options), expectedError("CORRUPT", /more than 128/));
    }));

  test("abuse: a signature without end is not read to it", () =>
    withScratch(async (folder) => {
      await using server = await startStrictRegistry();
      hostImage(server);
      await using web = await startServer((exchange) => pour(exchange, Buffer.alloc(1024 * 1024)));
      await assert.rejects(list(server.host, placed(folder, web.origin)), expectedError("CORRUPT", /larger than/));
    }));
});
