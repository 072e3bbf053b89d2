import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { copy } from "../../../../../src/copy/copy.js";
import { OciEncError } from "../../../../../src/errors.js";
import { HostHealth } from "../../../../../src/transport/registry/http/host-health.js";
import { StallWatch } from "../../../../../src/transport/registry/http/stall-watch.js";
import { expectedError } from "../../../../support/expected-error.js";
import { hostImage, randomImage } from "../../../../support/registry/hosted-image.js";
import { testEnvironment } from "../../../../support/registry/registry-endpoint.js";
import {
  listening,
  openFrom,
  openTo,
  pullAll,
  pushAll,
  readWhole,
} from "../../../../support/registry/registry-ends.js";
import type { ServerExchange } from "../../../../support/registry/request-log.js";
import { on, startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";

const usual = { response: 60_000, idle: 60_000, notice: 10_000, host: "registry.test", outer: undefined };

describe("the watch over an exchange", () => {
  test("tells of silence ever more rarely, and gives up after a minute of it", (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const told: string[] = [];
    using watch = new StallWatch({ ...usual, tell: (message) => told.push(message) });
    t.mock.timers.tick(59_000);
    assert.deepEqual(
      told.map((message) => /^no answer from "registry\.test" for (\d+) s$/.exec(message)?.[1]),
      ["10", "20", "40"],
    );
    assert.equal(watch.signal.aborted, false);
    t.mock.timers.tick(1500);
    assert.ok(expectedError("UNAVAILABLE", /no answer in 60 s/, /--stall-timeout/)(watch.signal.reason));
  });

  test("counts bytes, not pieces: a trickle is not progress, and time in which the other side waits for us does not count", (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    using watch = new StallWatch({ ...usual, tell: () => undefined });
    watch.expectData();
    for (let minute = 0; minute < 10; minute += 1) {
      t.mock.timers.tick(50_000);
      watch.moved(64 * 1024);
      watch.rest();
      t.mock.timers.tick(3_600_000);
      watch.resume();
    }
    assert.equal(watch.signal.aborted, false);
    for (let second = 0; second < 61; second += 1) {
      t.mock.timers.tick(1000);
      watch.moved(1);
    }
    assert.ok(expectedError("UNAVAILABLE", /no more than \d+ bytes in 60 s/)(watch.signal.reason));
  });

  test("ends with the signal that it is given", () => {
    const outer = new AbortController();
    using watch = new StallWatch({ ...usual, outer: outer.signal, tell: () => undefined });
    outer.abort("enough");
    assert.equal(watch.signal.reason, "enough");
  });
});

test("a host that is gone is given up once, by the time since its first failure, and tried anew later", () => {
  let now = 0;
  const health = new HostHealth({ now: () => now });
  const endurance = { unreachable: 40_000, silent: 180_000 };
  const failing = (reason: string) =>
    health.failed(new OciEncError("UNAVAILABLE", "x", { retryable: true, context: { reason } }), endurance).retryable;
  assert.equal(failing("ECONNREFUSED"), true);
  now = 39_000;
  assert.equal(health.left(endurance), 1000);
  assert.equal(failing("STALLED"), true);
  now = 40_000;
  assert.equal(failing("EAI_AGAIN"), false);
  assert.equal(failing("STALLED"), true);
  now = 220_000;
  assert.equal(failing("STALLED"), false);
  now = 600_000;
  assert.equal(failing("ECONNREFUSED"), true);
  health.alive();
  now = 700_000;
  assert.equal(failing("ECONNREFUSED"), true);
});

/** Takes the request, and says nothing. */
const silent = (exchange: ServerExchange): void => void exchange.request.resume();

describe("a registry that goes silent", () => {
  const timeouts = { response: 300, idle: 300, notice: 100 };
  const registry = { timeouts, retryTimes: 1 };

  for (const [what, step] of [
    ["a manifest", on("GET", /\/manifests\//)],
    ["a blob", on("GET", /\/blobs\//)],
  ] as const) {
    test(`at ${what} is told of while it lasts, tried again, and then UNAVAILABLE`, async () => {
      await using server = await startStrictRegistry();
      hostImage(server);
      server.inject(step, silent, 1);
      const { events, progress } = listening();
      await pullAll(server.host, { registry, progress });
      const told = events.flatMap((event) => (event.type === "waiting" ? [event.message] : []));
      assert.ok(
        told.some((message) => message.includes(`no answer from "${server.host}" for 0.1 s`)),
        told.join(),
      );
      server.inject(step, silent, 100);
      await assert.rejects(pullAll(server.host, { registry }), expectedError("UNAVAILABLE", /no answer in 0\.3 s/));
    });
  }

  test("in the middle of a blob is asked for the rest", async () => {
    await using server = await startStrictRegistry();
    const { layers, place } = hostImage(server, "app:1", [1_000_000]);
    const [layer] = layers;
    assert.ok(layer);
    const bytes = place.content(layer.digest);
    server.inject(on("GET", /\/blobs\//), ({ response }) => {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 400_000));
    });
    await using source = await openFrom(server.host, { registry });
    assert.ok((await readWhole(source, layer)).equals(bytes));
    assert.match(server.log.at(-1)?.headers["range"]?.toString() ?? "", /^bytes=[1-9]/);
  });

  for (const [what, method, path] of [
    ["at the start of an upload", "POST", /uploads/],
    ["after the last byte of a blob", "PUT", /uploads/],
    ["at a manifest", "PUT", /manifests/],
  ] as const) {
    test(`${what} is UNAVAILABLE after its retries, and overcome if it was once`, async () => {
      await using server = await startStrictRegistry();
      const { place, root } = randomImage();
      server.inject(on(method, path), silent, 1);
      await pushAll(place, server.host, { registry });
      assert.equal(server.repository("app").tags.get("1"), root.digest);
      await using dead = await startStrictRegistry();
      dead.inject(on(method, path), silent, 100);
      await assert.rejects(pushAll(place, dead.host, { registry }), expectedError("UNAVAILABLE"));
    });
  }

  test("and reads no more of an upload fails it", async () => {
    await using server = await startStrictRegistry();
    const { place } = randomImage([30_000_000]);
    server.inject(on("PUT", /uploads/), ({ request }) => void request.pause(), 100);
    await assert.rejects(pushAll(place, server.host, { registry }), expectedError("UNAVAILABLE"));
  });
});

test("a registry that is gone in the middle ends all layers together within a minute, retries inside of retries included", async () => {
  const server = await startStrictRegistry();
  const { place } = randomImage([100_000, 110_000, 120_000, 130_000, 140_000, 150_000]);
  server.inject(on("PUT", /uploads/), async () => await server[Symbol.asyncDispose](), 100);
  const environment = testEnvironment();
  const started = environment.now();
  await using target = await openTo(server.host, { environment });
  await assert.rejects(copy(place.source("app"), target, { retries: 5 }), expectedError("UNAVAILABLE"));
  const seconds = (environment.now() - started) / 1000;
  assert.ok(seconds > 5 && seconds <= 60, `${seconds} s`);
});
