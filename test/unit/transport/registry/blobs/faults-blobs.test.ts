import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { expectedError } from "../../../../support/expected-error.js";
import { hostImage } from "../../../../support/registry/hosted-image.js";
import { testEnvironment } from "../../../../support/registry/registry-endpoint.js";
import { openFrom, pullAll, readWhole } from "../../../../support/registry/registry-ends.js";
import { pour, reply, type ServerExchange } from "../../../../support/registry/request-log.js";
import { startServer } from "../../../../support/registry/scripted-server.js";
import { on, startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";

const blobs = on("GET", /\/blobs\/sha256/);
const size = 1_000_000;
const html = { "content-type": "text/html; charset=utf-8" };

async function hosted() {
  const server = await startStrictRegistry();
  const { layers, place } = hostImage(server, "app:1", [size]);
  const [layer] = layers;
  assert.ok(layer);
  return { server, layer, bytes: Buffer.from(place.content(layer.digest)) };
}

/** Sends the beginning of an answer and cuts the connection. */
function cutAfter(bytes: Uint8Array, headers: Readonly<Record<string, string>>, status = 200) {
  return async ({ response }: ServerExchange): Promise<void> => {
    response.writeHead(status, headers);
    await new Promise((resolve) => response.write(bytes, resolve));
    response.destroy();
  };
}

describe("blobs from a hostile registry", () => {
  test("faults/03: a blob of the right size and wrong bytes is CORRUPT", async () => {
    const { server, layer, bytes } = await hosted();
    await using _ = server;
    bytes[500_000] = (bytes[500_000] ?? 0) ^ 1;
    server.repository("app").blobs.set(layer.digest, bytes);
    await assert.rejects(pullAll(server.host), expectedError("CORRUPT", /has the digest/));
  });

  test("faults/04: a blob that breaks off is had whole by asking for the rest; one that is short for good is CORRUPT", async () => {
    const { server, layer, bytes } = await hosted();
    await using _ = server;
    server.inject(
      blobs,
      cutAfter(bytes.subarray(0, 300_000), { "content-length": String(size), etag: `"${layer.digest}"` }),
    );
    server.inject(blobs, ({ response }) => {
      response.writeHead(206, { "content-range": `bytes 300000-${size - 1}/${size}`, connection: "close" });
      response.useChunkedEncodingByDefault = false;
      response.end(bytes.subarray(300_000, 400_000));
    });
    await using source = await openFrom(server.host);
    assert.ok((await readWhole(source, layer)).equals(bytes));
    const ranges = server.log.filter(({ path }) => path.includes(layer.digest)).map(({ headers }) => headers["range"]);
    assert.equal(ranges[0], undefined);
    assert.match(ranges[1] ?? "", /^bytes=\d+-$/);
    assert.equal(ranges[2], "bytes=400000-");
    server.repository("app").blobs.set(layer.digest, bytes.subarray(0, 500_000));
    await assert.rejects(readWhole(source, layer), expectedError("CORRUPT", /ends after 500000 of/));
    server.assertFaultsUsed();
  });

  test("faults/05: a blob that is longer than its descriptor is not read beyond that", async () => {
    const { server, layer, bytes } = await hosted();
    await using _ = server;
    server.repository("app").blobs.set(layer.digest, Buffer.concat([bytes, Buffer.from("x")]));
    await using source = await openFrom(server.host);
    await assert.rejects(readWhole(source, layer), expectedError("CORRUPT", /longer than/));
    server.inject(blobs, (exchange) => pour(exchange, bytes));
    await assert.rejects(readWhole(source, layer), expectedError("CORRUPT", /longer than/));
    server.assertFaultsUsed();
  });

  test("faults/09: a page in place of a blob is called that, longer or shorter, and a blob that is a page is read", async () => {
    const { server, layer, bytes } = await hosted();
    await using _ = server;
    await using source = await openFrom(server.host);
    for (const page of ["<html><form>log in</form></html>", `<html>${" ".repeat(size)}</html>`]) {
      server.inject(blobs, (exchange) => reply(exchange, 200, html, page));
      await assert.rejects(readWhole(source, layer), expectedError("CORRUPT", /came as a web page/, /login page/));
    }
    server.inject(blobs, ({ response }) => {
      response.writeHead(200, { ...html, "content-length": String(size) });
      response.end(bytes);
    });
    assert.ok((await readWhole(source, layer)).equals(bytes));
    server.assertFaultsUsed();
  });

  test("faults/13: a redirect to another host carries no credentials, and works", async () => {
    const { server, layer, bytes } = await hosted();
    await using _ = server;
    await using store = await startServer((exchange) => reply(exchange, 200, {}, bytes), { hostname: "localhost" });
    server.inject(blobs, (exchange) => reply(exchange, 307, { location: `${store.origin}/store/x?signature=s` }));
    server.inject(on("GET", /manifests/), (exchange) => reply(exchange, 401, { "www-authenticate": "Basic realm=x" }));
    const keychain = { credentials: async () => ({ kind: "password", username: "a", password: "b" }) as const };
    await using source = await openFrom(server.host, { registry: { keychain } });
    await source.resolve();
    assert.ok((await readWhole(source, layer)).equals(bytes));
    const sent = server.log.find(({ path }) => path.includes(layer.digest))?.headers ?? {};
    assert.match(sent["authorization"] ?? "", /^Basic/);
    assert.deepEqual(Object.keys(store.log[0]?.headers ?? {}).toSorted(), [
      "accept-encoding",
      "connection",
      "host",
      "user-agent",
    ]);
  });

  test("faults/14: redirects to plain HTTP, to internal addresses and names, to files, and without end are refused", async () => {
    // 127.0.0.2 plays a public address, so that 127.0.0.1 is internal to it.
    await using server = await startStrictRegistry({ address: "127.0.0.2", hostname: "registry.test" });
    const { layers } = hostImage(server);
    const [layer] = layers;
    assert.ok(layer);
    await using internal = await startServer((exchange) => reply(exchange, 200, {}, "secret"));
    const port = internal.host.split(":")[1];
    const names = { "registry.test": [["127.0.0.2"]], "inside.test": [["127.0.0.1"]] };
    const environment = testEnvironment({ names, classes: { "127.0.0.2": "public" } });
    await using source = await openFrom(server.host, { environment, registry: { host: { plainHttp: true } } });
    await source.resolve();
    const places = [
      "http://169.254.169.254/latest/meta-data",
      `http://localhost:${port}/`,
      `http://127.0.0.1:${port}/`,
      `http://2130706433:${port}/`,
      `http://[::ffff:127.0.0.1]:${port}/`,
      `http://0.0.0.0:${port}/`,
      `http://inside.test:${port}/`,
      "file:///etc/passwd",
      "http://user:password@registry.test/",
    ];
    for (const location of places) {
      server.inject(blobs, (exchange) => reply(exchange, 302, { location }));
      await assert.rejects(readWhole(source, layer), expectedError("UNAVAILABLE", /refused|internal/), location);
    }
    assert.equal(internal.log.length, 0);
    let hops = 0;
    server.inject(
      blobs,
      (exchange) => {
        hops += 1;
        reply(exchange, 302, { location: `${exchange.record.path}?hop=${hops}` });
      },
      100,
    );
    await assert.rejects(readWhole(source, layer), expectedError("UNAVAILABLE", /redirects without end/));
    assert.equal(hops, 11);
  });

  test("faults/22: a range that is ignored, wrong, overlapping, or of changed content does not spoil a blob", async () => {
    const { server, layer, bytes } = await hosted();
    await using _ = server;
    const etag = `"${layer.digest}"`;
    const broken = cutAfter(bytes.subarray(0, 400_000), { "content-length": String(size), etag });
    const environment = testEnvironment();
    await using source = await openFrom(server.host, { environment });
    const ignored = (exchange: ServerExchange) => reply(exchange, 200, { etag }, bytes);
    const overlapping = (exchange: ServerExchange) =>
      reply(exchange, 206, { etag, "content-range": `bytes 100000-${size - 1}/${size}` }, bytes.subarray(100_000));
    for (const answer of [ignored, overlapping]) {
      server.inject(blobs, broken);
      server.inject(blobs, answer);
      assert.ok((await readWhole(source, layer)).equals(bytes));
    }
    const wrong = [
      (exchange: ServerExchange) =>
        reply(exchange, 206, { "content-range": `bytes 900000-${size - 1}/${size}` }, bytes.subarray(900_000)),
      (exchange: ServerExchange) => reply(exchange, 206, { "content-range": "bytes 0-9/10" }, bytes.subarray(0, 10)),
      (exchange: ServerExchange) => reply(exchange, 206, {}, bytes.subarray(400_000)),
      (exchange: ServerExchange) => reply(exchange, 200, { etag: '"another"' }, bytes),
      (exchange: ServerExchange) => reply(exchange, 416, { "content-range": `bytes */${size}` }),
    ];
    for (const answer of wrong) {
      server.inject(blobs, broken);
      server.inject(blobs, answer);
      await assert.rejects(readWhole(source, layer), expectedError("CORRUPT"));
    }
    server.assertFaultsUsed();
  });

  test("faults/25: what HEAD has and GET has not is NOT_FOUND", async () => {
    const { server, layer } = await hosted();
    await using _ = server;
    server.inject(blobs, (exchange) => reply(exchange, 404));
    await using source = await openFrom(server.host);
    await assert.rejects(readWhole(source, layer), expectedError("NOT_FOUND"));
  });
});
