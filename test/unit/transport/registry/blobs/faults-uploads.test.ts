import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { OciEncError } from "../../../../../src/errors.js";
import type { Descriptor } from "../../../../../src/oci/descriptor.js";
import { digestOf } from "../../../../../src/oci/digest.js";
import { expectedError } from "../../../../support/expected-error.js";
import { hostImage, randomImage } from "../../../../support/registry/hosted-image.js";
import { testEnvironment } from "../../../../support/registry/registry-endpoint.js";
import { openFrom, openTo, pushAll, uploadOfBytes } from "../../../../support/registry/registry-ends.js";
import { reply, replyProblem, type ServerExchange, summary } from "../../../../support/registry/request-log.js";
import { startServer } from "../../../../support/registry/scripted-server.js";
import { on, type StrictRegistry, startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";

const started = on("POST", /uploads\/$/);
const patched = on("PATCH", /uploads/);
const closed = on("PUT", /uploads/);
const tagged = on("PUT", /manifests\/1$/);

/** A blob that fits the window, so that every break can be mended. */
const bytes = randomBytes(1_500_000);
const blob: Descriptor = { mediaType: "application/octet-stream", digest: digestOf(bytes), size: bytes.length };

async function put(server: StrictRegistry, known: boolean, content: Buffer = bytes): Promise<void> {
  const target = await openTo(server.host);
  try {
    const descriptor = { ...blob, digest: digestOf(content), size: content.length };
    await target.put(uploadOfBytes(content, descriptor, 64 * 1024, known));
    assert.ok(server.repository("app").blobs.get(descriptor.digest)?.equals(content));
  } finally {
    await target[Symbol.asyncDispose]();
  }
}

/** Takes some of the body as the registry does, and cuts the connection. */
function cutAt(count: number) {
  return async (exchange: ServerExchange, proceed: () => Promise<void>): Promise<void> => {
    let seen = 0;
    exchange.request.on("data", (chunk: Buffer) => {
      seen += chunk.length;
      if (seen >= count) exchange.request.socket.destroy();
    });
    await proceed().catch(() => undefined);
  };
}

describe("uploads to a hostile registry", () => {
  test("faults/15: a Location on another host, without TLS, empty or with credentials is refused; a relative one is right", async () => {
    await using server = await startStrictRegistry({ address: "127.0.0.2", hostname: "registry.test" });
    await using other = await startServer((exchange) => reply(exchange, 202));
    const names = { "registry.test": [["127.0.0.2"]] };
    const environment = testEnvironment({ names, classes: { "127.0.0.2": "public" } });
    const target = await openTo(server.host, { environment, registry: { host: { plainHttp: true } } });
    for (const location of [
      `${other.origin}/v2/app/blobs/uploads/1`,
      "",
      "ftp://registry.test/x",
      "http://a:b@registry.test/x",
    ]) {
      server.inject(started, (exchange) => reply(exchange, 202, location === "" ? {} : { location }));
      await assert.rejects(
        target.put(uploadOfBytes(bytes, blob)),
        expectedError("UNAVAILABLE", /upload location/),
        location,
      );
    }
    assert.equal(other.log.length, 0);
    await target.put(uploadOfBytes(bytes, blob));
    await target[Symbol.asyncDispose]();
  });

  test("faults/15: an upload at another host carries no credentials", async () => {
    await using server = await startStrictRegistry({ auth: { kind: "basic", username: "a", password: "b" } });
    await using other = await startServer(
      async (exchange) => {
        exchange.request.resume();
        reply(exchange, exchange.record.method === "PATCH" ? 202 : 201);
      },
      { hostname: "localhost" },
    );
    const keychain = { credentials: async () => ({ kind: "password", username: "a", password: "b" }) as const };
    await using target = await openTo(server.host, { registry: { keychain } });
    server.inject(started, (exchange) => reply(exchange, 202, { location: `${other.origin}/upload` }));
    await target.put(uploadOfBytes(bytes, blob));
    assert.deepEqual(
      other.log.map(({ headers }) => headers["authorization"]),
      [undefined],
    );
  });

  for (const status of [500, 502, 503, 504, 408, 522]) {
    test(`faults/21: ${status} at each step of a push is overcome`, async () => {
      await using server = await startStrictRegistry();
      const { place, root } = randomImage();
      const fail = (exchange: ServerExchange) => {
        exchange.request.resume();
        replyProblem(exchange, status, "UNKNOWN");
      };
      for (const step of [
        on("HEAD", /manifests/),
        on("HEAD", /blobs/),
        on("POST", /uploads/),
        closed,
        tagged,
        on("GET", /manifests\/1/),
      ]) {
        server.inject(step, fail, 2);
      }
      await pushAll(place, server.host);
      assert.equal(server.repository("app").tags.get("1"), root.digest);
      server.assertFaultsUsed();
    });
  }

  test("faults/21: a manifest that was stored while its answer was lost is looked for, and not sent again", async () => {
    await using server = await startStrictRegistry();
    const { place } = randomImage();
    server.inject(tagged, async (exchange, proceed) => {
      exchange.response.end = () => exchange.response.destroy();
      await proceed();
    });
    await pushAll(place, server.host);
    assert.equal(summary(server.log).filter((line) => line === "PUT /v2/app/manifests/1").length, 1);
    server.assertFaultsUsed();
  });

  test("faults/21: what fails every time fails in the end, and the tag is what it was", async () => {
    await using server = await startStrictRegistry();
    const before = hostImage(server);
    const { place } = randomImage();
    server.inject(tagged, (exchange) => replyProblem(exchange, 503, "UNAVAILABLE"), 100);
    await assert.rejects(pushAll(place, server.host), expectedError("UNAVAILABLE", /503/));
    assert.equal(server.repository("app").tags.get("1"), before.root.digest);
  });

  for (const known of [true, false]) {
    test(`faults/23: an upload of ${known ? "known" : "unknown"} digest that breaks is resumed where the registry stands`, async () => {
      await using server = await startStrictRegistry();
      server.inject(known ? closed : patched, cutAt(600_000));
      await put(server, known);
      assert.ok(
        server.log.some(
          ({ method, headers }) => method === "PATCH" && Number(headers["content-range"]?.split("-")[0]) > 0,
        ),
      );
      server.assertFaultsUsed();
    });

    test(`faults/23: a forgotten upload of ${known ? "known" : "unknown"} digest starts anew`, async () => {
      await using server = await startStrictRegistry();
      server.inject(known ? closed : patched, (exchange) => void exchange.request.socket.destroy());
      server.inject(on("GET", /uploads/), (exchange) => replyProblem(exchange, 404, "BLOB_UPLOAD_INVALID"));
      await put(server, known);
      assert.equal(summary(server.log).filter((line) => line.startsWith("POST")).length, 2);
      server.assertFaultsUsed();
    });

    test(`faults/23: a lost 201 to a blob of ${known ? "known" : "unknown"} digest is found by HEAD`, async () => {
      await using server = await startStrictRegistry();
      server.inject(closed, async (exchange, proceed) => {
        exchange.response.end = () => exchange.response.destroy();
        await proceed();
      });
      await put(server, known);
      assert.equal(summary(server.log).filter((line) => line.startsWith("PUT")).length, 1);
    });
  }

  test("faults/23: what the registry has not taken is sent again; a range that is off by one is understood", async () => {
    await using server = await startStrictRegistry();
    server.inject(patched, async (exchange) => {
      const upload = [...server.state.uploads.values()][0];
      assert.ok(upload);
      let full = false;
      for await (const chunk of exchange.request) {
        full ||= upload.size + chunk.length > 1_000_000;
        if (full) continue;
        upload.parts.push(chunk);
        upload.size += chunk.length;
      }
      reply(exchange, 202, { range: `0-${upload.size - 1}` });
    });
    await put(server, false);
    server.inject(patched, async (exchange, proceed) => {
      const { setHeader } = exchange.response;
      exchange.response.setHeader = (name, value) =>
        setHeader.call(exchange.response, name, name === "range" ? `0-${bytes.length}` : value);
      await proceed();
    });
    server.repository("app").blobs.clear();
    await put(server, false);
    server.assertFaultsUsed();
  });

  test("faults/23: a 416 is answered by asking where the registry stands", async () => {
    await using server = await startStrictRegistry();
    server.inject(patched, (exchange) => {
      exchange.request.resume();
      reply(exchange, 416, { range: "0-0" });
    });
    await put(server, false);
    server.assertFaultsUsed();
  });

  test("faults/23: what is behind the window cannot be sent again: the failure is retryable", async () => {
    await using server = await startStrictRegistry();
    server.inject(patched, async (exchange) => {
      for await (const _ of exchange.request);
      reply(exchange, 202, { range: "0-99" });
    });
    await assert.rejects(put(server, false, randomBytes(9_000_000)), (error) => {
      assert.ok(error instanceof OciEncError && error.code === "UNAVAILABLE" && error.retryable);
      return true;
    });
    assert.equal(server.state.uploads.size, 0, "the upload was cancelled");
  });

  test("faults/23: chunks are as large as the registry wants them, and larger than our own where they must be", async () => {
    for (const chunkMinimum of [1, 6_000_000]) {
      await using server = await startStrictRegistry({ chunkMinimum });
      await put(server, true, randomBytes(13_000_000));
      const sizes = server.log.filter(({ method }) => method === "PATCH").map(({ received }) => received);
      assert.ok(sizes.length > 1 && sizes.slice(0, -1).every((size) => size >= chunkMinimum), sizes.join());
    }
  });

  test("faults/24: a mount that is refused, in any way, becomes an upload; one that is claimed is looked at", async () => {
    const mounting = on("POST", /mount=/);
    for (const status of [202, 404, 405, 201]) {
      await using server = await startStrictRegistry({ mounts: false });
      hostImage(server, "from:1");
      await using source = await openFrom(server.host, {}, "from:1");
      const target = await openTo(server.host);
      if (status !== 202)
        server.inject(mounting, (exchange) => reply(exchange, status, { location: "/v2/app/blobs/x" }));
      assert.equal(await target.mount?.(blob, source), false, `${status}`);
      await target.put(uploadOfBytes(bytes, blob));
      assert.ok(server.repository("app").blobs.has(blob.digest));
      await target[Symbol.asyncDispose]();
      assert.equal(server.state.uploads.size, 0);
    }
    await using server = await startStrictRegistry({ anonymousMounts: true });
    server.repository("elsewhere").blobs.set(blob.digest, bytes);
    const { place } = randomImage();
    const target = await openTo(server.host);
    assert.equal(await target.mount?.(blob, place.source("app")), true);
    await target[Symbol.asyncDispose]();
  });

  test("faults/25: a HEAD without a length is believed", async () => {
    await using server = await startStrictRegistry();
    await using target = await openTo(server.host);
    server.inject(
      on("HEAD", /blobs/),
      ({ response }) => void response.writeHead(200, { "transfer-encoding": "chunked" }).end(),
    );
    assert.equal(await target.has(blob), true);
  });

  test("a manifest whose content the registry refuses with a 500 ends as UNAVAILABLE, with a hint at the content", async () => {
    await using server = await startStrictRegistry();
    const { place } = randomImage();
    server.inject(tagged, (exchange) => replyProblem(exchange, 500, "MANIFEST_BLOB_UNKNOWN"));
    const pushing = pushAll(place, server.host, { registry: { retryTimes: 0 } });
    await assert.rejects(pushing, expectedError("UNAVAILABLE", /MANIFEST_BLOB_UNKNOWN/, /does not take/));
    server.inject(tagged, (exchange) => replyProblem(exchange, 400, "DIGEST_INVALID"));
    const again = pushAll(place, server.host, { registry: { retryTimes: 0 } });
    await assert.rejects(again, (error) => expectedError("CORRUPT")(error) && !/does not take/.test(inspect(error)));
  });

  test("faults/26: a manifest that is taken and then is another is told", async () => {
    await using server = await startStrictRegistry();
    const other = hostImage(server, "app:2");
    const { place } = randomImage();
    server.inject(tagged, async (_, proceed) => {
      await proceed();
      server.repository("app").tags.set("1", other.root.digest);
    });
    await assert.rejects(pushAll(place, server.host), expectedError("CONFLICT", /was written as .* and then named/));
  });

  test("a manifest that is known by its sha512 is not taken for another when it is read back", async () => {
    await using server = await startStrictRegistry();
    const { place, root } = randomImage();
    await pushAll(place, server.host);
    const bytes = place.content(root.digest);
    await using target = await openTo(server.host, {}, "app:2");
    await target.commit({ ...root, digest: digestOf(bytes, "sha512") }, bytes);
    assert.equal(server.repository("app").tags.get("2"), root.digest);
  });

  test("faults/27: a tag that moved since the target was opened is a CONFLICT, and stays; --force writes it", async () => {
    await using server = await startStrictRegistry();
    hostImage(server);
    const { place, root } = randomImage();
    for (const force of [false, true]) {
      await using target = await openTo(server.host, { force });
      for (const [digest, content] of place.blobs) {
        if (digest !== root.digest)
          await target.put(uploadOfBytes(content, { ...blob, digest: digestOf(content), size: content.length }));
      }
      const meanwhile = hostImage(server);
      const writing = target.commit(root, place.content(root.digest));
      if (!force) await assert.rejects(writing, expectedError("CONFLICT", /moved meanwhile/, /--force/));
      await writing.catch(() => undefined);
      assert.equal(server.repository("app").tags.get("1"), (force ? root : meanwhile.root).digest);
    }
  });

  test("faults/27: a tag that moves between the look and the write is a CONFLICT where the registry keeps conditions", async () => {
    await using server = await startStrictRegistry();
    hostImage(server);
    const { place } = randomImage();
    let moved: string | undefined;
    server.inject(tagged, async (_, proceed) => {
      moved = hostImage(server).root.digest;
      await proceed();
    });
    await assert.rejects(pushAll(place, server.host), expectedError("CONFLICT"));
    assert.equal(server.repository("app").tags.get("1"), moved);
  });

  test("an upload whose bytes fail is cancelled, and the bytes' own failure is what is told", async () => {
    await using server = await startStrictRegistry();
    await using target = await openTo(server.host);
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 100_000);
      throw new OciEncError("CORRUPT", "the layer is not what it says");
    }
    for (const digest of [blob.digest, undefined]) {
      const upload = { bytes: failing(), size: blob.size, digest, sum: () => blob };
      await assert.rejects(target.put(upload), expectedError("CORRUPT", /not what it says/));
    }
    assert.equal(server.state.uploads.size, 0);
    assert.equal(server.repository("app").blobs.size, 0);
  });
});
