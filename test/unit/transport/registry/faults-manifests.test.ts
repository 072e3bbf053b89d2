import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { digestOf } from "../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../src/oci/media-type.js";
import { expectedError } from "../../../support/expected-error.js";
import { hostDocument, hostImage } from "../../../support/registry/hosted-image.js";
import { testEnvironment } from "../../../support/registry/registry-endpoint.js";
import { listening, openFrom, pullAll } from "../../../support/registry/registry-ends.js";
import { pour, reply } from "../../../support/registry/request-log.js";
import { on, startStrictRegistry } from "../../../support/registry/strict/strict-registry.js";

const byTag = on("GET", /\/manifests\/1$/);
const manifestType = mediaTypes.ociManifest;

describe("manifests from a hostile registry", () => {
  test("faults/01: a manifest that does not hash to the digest that was asked for is CORRUPT", async () => {
    await using server = await startStrictRegistry();
    const { root } = hostImage(server);
    const other = hostImage(server, "app:2");
    server.inject(on("GET", /manifests\/sha256/), (exchange) =>
      reply(exchange, 200, { "content-type": manifestType }, other.place.content(other.root.digest)),
    );
    await using source = await openFrom(server.host, {}, `app@${root.digest}`);
    await assert.rejects(source.resolve(), expectedError("CORRUPT", /has the digest/));
    server.assertFaultsUsed();
  });

  test("faults/02: a digest header that disagrees with the body is CORRUPT", async () => {
    await using server = await startStrictRegistry();
    const { place, root } = hostImage(server);
    server.inject(byTag, (exchange) =>
      reply(
        exchange,
        200,
        { "content-type": manifestType, "docker-content-digest": digestOf(Buffer.from("x")) },
        place.content(root.digest),
      ),
    );
    await using source = await openFrom(server.host);
    await assert.rejects(source.resolve(), expectedError("CORRUPT", /the registry says/));
  });

  test("faults/06: descriptors without a valid size are CORRUPT", async () => {
    await using server = await startStrictRegistry();
    const { place, root } = hostImage(server);
    for (const size of ["-1", "9007199254740993", '"12"', "null", "1.5"]) {
      const text = place.text(root.digest).replace(/"size":\d+/, `"size":${size}`);
      hostDocument(server, "bad", text, manifestType);
      await assert.rejects(pullAll(server.host, {}, "app:bad"), expectedError("CORRUPT", /size/), size);
    }
    hostDocument(server, "bad", place.text(root.digest).replace(/,"size":\d+/, ""), manifestType);
    await assert.rejects(pullAll(server.host, {}, "app:bad"), expectedError("CORRUPT", /size/));
  });

  test("faults/07: a manifest of 5 MiB, one without end and one that trickles are refused", async () => {
    await using server = await startStrictRegistry();
    hostDocument(server, "1", `{"pad":"${"x".repeat(5 * 1024 * 1024)}"}`, manifestType);
    await assert.rejects(pullAll(server.host), expectedError("CORRUPT", /larger than/));
    server.inject(byTag, (exchange) => {
      exchange.response.setHeader("content-type", manifestType);
      return pour(exchange, Buffer.alloc(64 * 1024, " "));
    });
    await assert.rejects(pullAll(server.host), expectedError("CORRUPT", /larger than/));
    server.inject(byTag, ({ response }) => {
      response.setHeader("content-type", manifestType);
      const timer = setInterval(() => response.write(" "), 5);
      response.once("close", () => clearInterval(timer));
    });
    const registry = { timeouts: { idle: 100 }, retryTimes: 0 };
    await assert.rejects(
      pullAll(server.host, { registry }),
      expectedError("UNAVAILABLE", /no more than \d+ bytes in 0\.1 s/),
    );
    server.assertFaultsUsed();
  });

  test("faults/08: a manifest with a content coding is refused, and never unpacked", async () => {
    await using server = await startStrictRegistry();
    hostImage(server);
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    server.inject(byTag, (exchange) =>
      reply(exchange, 200, { "content-type": manifestType, "content-encoding": "gzip" }, bomb),
    );
    await assert.rejects(pullAll(server.host), expectedError("CORRUPT", /content coding/));
    assert.equal(server.log.find(({ path }) => path.includes("manifests"))?.headers["accept-encoding"], "identity");
  });

  test("faults/09: a login page instead of a manifest is CORRUPT, and says so", async () => {
    await using server = await startStrictRegistry();
    hostImage(server);
    server.inject(byTag, (exchange) =>
      reply(exchange, 200, { "content-type": "text/html; charset=utf-8" }, "<html>log in</html>"),
    );
    await assert.rejects(pullAll(server.host), expectedError("CORRUPT", /web page/, /login page/));
  });

  test("faults/10: a type that contradicts the document is CORRUPT; a vague one, or none, does not matter", async () => {
    await using server = await startStrictRegistry();
    const { place, root } = hostImage(server);
    const body = place.content(root.digest);
    server.inject(byTag, (exchange) => reply(exchange, 200, { "content-type": mediaTypes.ociIndex }, body));
    await assert.rejects(pullAll(server.host), expectedError("CORRUPT", /promised as/));
    for (const type of ["application/json", "text/plain", undefined]) {
      server.inject(byTag, (exchange) =>
        reply(exchange, 200, type === undefined ? {} : { "content-type": type }, body),
      );
      assert.equal((await pullAll(server.host)).names.get("app")?.digest, root.digest);
    }
    server.assertFaultsUsed();
  });

  test("faults/11: ambiguous and malformed documents are CORRUPT", async () => {
    await using server = await startStrictRegistry();
    const { place, root } = hostImage(server);
    const text = place.text(root.digest);
    const documents = {
      both: text.replace("{", '{"manifests":[],'),
      twice: text.replace("{", '{"schemaVersion":2,'),
      deep: `${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`,
      mark: `\ufeff${text}`,
      bytes: Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0x2c, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])]),
    };
    for (const [name, document] of Object.entries(documents)) {
      hostDocument(server, "bad", document, manifestType);
      await assert.rejects(pullAll(server.host, {}, "app:bad"), expectedError("CORRUPT"), name);
    }
    hostDocument(server, "bad", text.replace("{", '{"__proto__":{"layers":[]},'), manifestType);
    const pulled = await pullAll(server.host, {}, "app:bad");
    assert.match(pulled.text(pulled.names.get("app")?.digest ?? ""), /__proto__/);
  });

  test("faults/12: indexes that nest too deeply or name too many are CORRUPT", async () => {
    await using server = await startStrictRegistry();
    const index = (manifests: readonly unknown[]) => ({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
    let child = hostDocument(server, "x", index([]), mediaTypes.ociIndex);
    for (let depth = 0; depth < 100; depth += 1)
      child = hostDocument(server, "deep", index([child]), mediaTypes.ociIndex);
    await assert.rejects(pullAll(server.host, {}, "app:deep"), expectedError("CORRUPT"));
    hostDocument(server, "many", index(new Array(10_000).fill(child)), mediaTypes.ociIndex);
    await assert.rejects(pullAll(server.host, {}, "app:many"), expectedError("CORRUPT", /10000 entries/));
  });

  test("faults/30: by digest, content counts, wherever the registry has it from; a tag that names another is told", async () => {
    await using server = await startStrictRegistry();
    const first = hostImage(server, "app:1");
    const second = hostImage(server, "other:1");
    const body = second.place.content(second.root.digest);
    const bodies = server.repository("app");
    for (const [digest, bytes] of second.place.blobs) bodies.blobs.set(digest, Buffer.from(bytes));
    bodies.manifests.set(second.root.digest, { type: second.root.mediaType, bytes: Buffer.from(body) });
    const { events, progress } = listening();
    await using source = await openFrom(
      server.host,
      { progress, environment: testEnvironment() },
      `app:1@${second.root.digest}`,
    );
    assert.equal((await source.resolve()).digest, second.root.digest);
    const warnings = events.filter((event) => event.type === "warning");
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]?.message ?? "", new RegExp(first.root.digest));
  });
});
