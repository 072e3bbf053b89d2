import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { digestOf } from "../../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../../src/oci/media-type.js";
import { attachmentsOf } from "../../../../../src/transport/attachments.js";
import { HostLimiter } from "../../../../../src/transport/registry/http/host-limiter.js";
import { parseRetryAfter } from "../../../../../src/transport/registry/http/retry.js";
import { canTag } from "../../../../../src/transport/transport.js";
import { expectedError } from "../../../../support/expected-error.js";
import { hostDocument, hostImage, randomImage } from "../../../../support/registry/hosted-image.js";
import { testEnvironment } from "../../../../support/registry/registry-endpoint.js";
import { listening, openFrom, openTo, pullAll, pushAll } from "../../../../support/registry/registry-ends.js";
import { reply, replyProblem } from "../../../../support/registry/request-log.js";
import { startServer } from "../../../../support/registry/scripted-server.js";
import { on, type StrictRegistry, startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";

const byTag = on("GET", /\/manifests\/1$/);

describe("a registry that limits the rate", () => {
  test("faults/20: Retry-After is read in seconds and as a date, and never waited for longer than a minute, nor shorter than our own pause", async () => {
    const now = Date.UTC(2026, 0, 1);
    assert.equal(parseRetryAfter("7", now), 7000);
    assert.equal(parseRetryAfter("Thu, 01 Jan 2026 00:00:30 GMT", now), 30_000);
    assert.equal(parseRetryAfter("Wed, 31 Dec 2025 00:00:00 GMT", now), 0);
    assert.equal(parseRetryAfter("Thu, 01 Jan 2036 00:00:00 GMT", now), 10 * 365.2 * 86_400_000);
    for (const garbage of ["", "soon", "-1", "1e9", undefined]) assert.equal(parseRetryAfter(garbage, now), undefined);
    for (const [value, atLeast, atMost] of [
      ["7", 7000, 8000],
      ["315360000", 60_000, 60_000],
      ["0", 1, 500],
      ["garbage", 1, 500],
      [undefined, 1, 500],
    ] as const) {
      await using server = await startStrictRegistry();
      hostImage(server);
      server.inject(byTag, (exchange) =>
        replyProblem(exchange, 429, "TOOMANYREQUESTS", value === undefined ? {} : { "retry-after": value }),
      );
      const environment = testEnvironment();
      await pullAll(server.host, { environment });
      const longest = Math.max(...environment.pauses);
      assert.ok(longest >= atLeast && longest <= atMost, `${value}: ${longest}`);
    }
  });

  test("faults/20: 429 to a manifest is followed by another try; 429 for ever is UNAVAILABLE", async () => {
    await using server = await startStrictRegistry();
    const { place, root } = randomImage();
    server.inject(
      on("PUT", /manifests/),
      (exchange) => replyProblem(exchange, 429, "TOOMANYREQUESTS", { "retry-after": "1" }),
      2,
    );
    await pushAll(place, server.host);
    assert.equal(server.repository("app").tags.get("1"), root.digest);
    server.inject(
      () => true,
      (exchange) => replyProblem(exchange, 429, "TOOMANYREQUESTS"),
      1000,
    );
    await assert.rejects(pullAll(server.host), expectedError("UNAVAILABLE", /429 TOOMANYREQUESTS/, /limits the rate/));
  });

  test("faults/20: 429 halves what a host is asked at once, and good answers give it back", async () => {
    const limiter = new HostLimiter(8, testEnvironment());
    limiter.slowDown(1000);
    limiter.slowDown(1000);
    assert.equal(limiter.limit, 4, "several at one time count once");
    const leave = await Promise.all([1, 2, 3, 4].map(() => limiter.enter(undefined)));
    let entered = false;
    const fifth = limiter.enter(undefined).then((done) => {
      entered = true;
      return done;
    });
    await Promise.resolve();
    assert.equal(entered, false);
    leave[0]?.();
    leave[0]?.();
    (await fifth)();
    for (let count = 0; count < 200; count += 1) limiter.relax();
    assert.equal(limiter.limit, 8);
  });

  test("faults/21: a failure that stays ends after the retries, with growing pauses", async () => {
    await using server = await startStrictRegistry();
    hostImage(server);
    server.inject(byTag, (exchange) => replyProblem(exchange, 502, "UNKNOWN"), 100);
    const environment = testEnvironment();
    await assert.rejects(
      pullAll(server.host, { environment, registry: { retryTimes: 3 } }),
      expectedError("UNAVAILABLE", /502/),
    );
    assert.equal(server.log.filter(({ path }) => path.endsWith("/manifests/1")).length, 4);
    assert.deepEqual(environment.pauses, [437.5, 1312.5, 3937.5]);
  });

  test("faults/29: a warning is shown once, and its control characters never", async () => {
    await using server = await startStrictRegistry();
    hostImage(server);
    const { events, progress } = listening();
    const value = '299 - "deprecated \u009b31m \\"soon\\""';
    for (let count = 0; count < 3; count += 1) {
      // Node sends headers in another encoding when the body is text, as where something is not found.
      server.inject(on("GET", /\/blobs\//), async ({ response }, proceed) => {
        response.setHeader("warning", [value, '199 - "other"', "garbage"]);
        await proceed();
      });
    }
    await pullAll(server.host, { progress });
    const warnings = events.filter((event) => event.type === "warning");
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ["REGISTRY_WARNING"],
    );
    assert.match(warnings[0]?.message ?? "", /deprecated .*31m "soon"$/);
    assert.doesNotMatch(warnings[0]?.message ?? "", /\p{Cc}/u);
  });
});

function referTo(
  server: StrictRegistry,
  subject: { digest: string; size: number; mediaType: string },
  artifactType: string,
) {
  const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(Buffer.from("{}")), size: 2 };
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, artifactType, config, layers: [], subject };
  return hostDocument(server, `by-${artifactType}`, manifest, mediaTypes.ociManifest);
}

async function referrersOf(server: StrictRegistry, artifactType?: string): Promise<readonly string[]> {
  await using source = await openFrom(server.host);
  const attachments = attachmentsOf(source);
  assert.ok(attachments);
  const { digest } = await source.resolve();
  return (await attachments.referrers(digest, artifactType)).map((descriptor) => descriptor.digest);
}

describe("referrers", () => {
  test("are listed by the API, page by page, and picked by their type", async () => {
    await using server = await startStrictRegistry({ pageSize: 2 });
    const { root } = hostImage(server);
    const all = ["a", "b", "c", "d", "e"].map((type) => referTo(server, root, `application/${type}`).digest);
    assert.deepEqual(await referrersOf(server), all);
    assert.deepEqual(await referrersOf(server, "application/c"), [all[2]]);
  });

  test("faults/28: without the API, the fallback tag is read; one that names an image says nothing", async () => {
    await using server = await startStrictRegistry({ referrersApi: false });
    const { root, place } = hostImage(server);
    assert.deepEqual(await referrersOf(server), []);
    const referrer = referTo(server, root, "application/a");
    const tag = root.digest.replace(":", "-");
    hostDocument(
      server,
      tag,
      { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [referrer] },
      mediaTypes.ociIndex,
    );
    assert.deepEqual(await referrersOf(server), [referrer.digest]);
    hostDocument(server, tag, place.text(root.digest), root.mediaType);
    assert.deepEqual(await referrersOf(server), []);
  });

  test("faults/28: a list for another subject is CORRUPT; one without end, or that goes on elsewhere, UNAVAILABLE", async () => {
    await using server = await startStrictRegistry();
    await using elsewhere = await startServer((exchange) => reply(exchange, 200, {}, "{}"));
    const { root, layers } = hostImage(server);
    const type = { "content-type": mediaTypes.ociIndex };
    const list = (more: object = {}) => JSON.stringify({ schemaVersion: 2, manifests: [], ...more });
    const referrers = on("GET", /referrers/);
    server.inject(referrers, (exchange) => reply(exchange, 200, type, list({ subject: { ...layers[0] } })));
    await assert.rejects(referrersOf(server), expectedError("CORRUPT", /another subject/));
    server.inject(referrers, (exchange) =>
      reply(exchange, 200, { ...type, link: `<${exchange.record.path}>; rel="next"` }, list()),
    );
    await assert.rejects(referrersOf(server), expectedError("UNAVAILABLE", /without end/));
    let page = 0;
    server.inject(
      referrers,
      (exchange) => {
        page += 1;
        reply(exchange, 200, { ...type, link: `</v2/app/referrers/${root.digest}?page=${page}>; rel="next"` }, list());
      },
      1000,
    );
    await assert.rejects(referrersOf(server), expectedError("UNAVAILABLE", /without end/));
    assert.equal(page, 100);
    await using other = await startStrictRegistry();
    hostImage(other);
    other.inject(referrers, (exchange) =>
      reply(exchange, 200, { ...type, link: `<${elsewhere.origin}/v2/x>; rel="next"` }, list()),
    );
    await assert.rejects(referrersOf(other), expectedError("UNAVAILABLE", /another host/));
    assert.equal(elsewhere.log.length, 0);
  });

  test("a manifest with a subject is listed under the fallback tag where the registry does not list it", async () => {
    for (const referrersApi of [true, false]) {
      await using server = await startStrictRegistry({ referrersApi });
      const { root, place } = hostImage(server);
      server.repository("app").blobs.set(digestOf(Buffer.from("{}")), Buffer.from("{}"));
      const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(Buffer.from("{}")), size: 2 };
      const pushed: string[] = [];
      for (const artifactType of ["application/a", "application/b"]) {
        await using target = await openTo(server.host, {}, "app:unused");
        const bytes = Buffer.from(
          JSON.stringify({
            schemaVersion: 2,
            mediaType: mediaTypes.ociManifest,
            artifactType,
            config,
            layers: [],
            subject: root,
            annotations: { k: "v" },
          }),
        );
        const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
        for (let twice = 0; twice < 2; twice += 1) await target.putManifest(descriptor, bytes);
        await target.commit(root, place.content(root.digest));
        pushed.push(descriptor.digest);
      }
      assert.deepEqual(await referrersOf(server), pushed);
      assert.equal(server.repository("app").tags.has(root.digest.replace(":", "-")), !referrersApi);
    }
  });

  test("a target gives an image further tags", async () => {
    await using server = await startStrictRegistry();
    const { place, root } = hostImage(server);
    await using target = await openTo(server.host);
    assert.ok(canTag(target));
    await target.tag("2", root, place.content(root.digest));
    assert.equal(server.repository("app").tags.get("2"), root.digest);
    await assert.rejects(target.tag("a/b", root, place.content(root.digest)), expectedError("USAGE"));
  });
});
