import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { describe, test } from "node:test";
import type { Descriptor } from "../../../../../src/oci/descriptor.js";
import { digestOf } from "../../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../../src/oci/media-type.js";
import { problem } from "../../../../../src/transport/registry/http/problem.js";
import { expectedError } from "../../../../support/expected-error.js";
import { madeReferrer, openAttachable, openAttached, putBlobs } from "../../../../support/images/made-attachments.js";
import { hostDocument, hostImage, randomImage } from "../../../../support/registry/hosted-image.js";
import {
  type EndOptions,
  openTo,
  pullAll,
  pushAll,
  uploadOfBytes,
} from "../../../../support/registry/registry-ends.js";
import { reply, replyProblem, type ServerExchange, summary } from "../../../../support/registry/request-log.js";
import {
  type Fault,
  on,
  type StrictRegistry,
  startStrictRegistry,
} from "../../../../support/registry/strict/strict-registry.js";

const referrers = on("GET", /\/referrers\//);
const always = Number.POSITIVE_INFINITY;
const html = { "content-type": "text/html; charset=utf-8" };
const refuse =
  (status: number): Fault =>
  (exchange) => {
    exchange.request.resume();
    reply(exchange, status, html, "<html></html>");
  };

/** What the registry says of referrers once the fallback tag names one. */
async function listed(answer: Fault): Promise<readonly string[]> {
  await using server = await startStrictRegistry({ referrersApi: false });
  const { root } = hostImage(server);
  const { descriptor } = madeReferrer(root, "a/b");
  const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [descriptor] };
  hostDocument(server, root.digest.replace(":", "-"), list, mediaTypes.ociIndex);
  server.inject(referrers, answer, always);
  await using source = await openAttached(server.host, { registry: { retryTimes: 1 } });
  return (await source.referrers(root.digest)).map(({ artifactType }) => artifactType ?? "");
}

describe("a referrers API that is not there", () => {
  for (const status of [400, 404, 405, 406, 410, 501]) {
    test(`says so by ${status}`, async () => assert.deepEqual(await listed(refuse(status)), ["a/b"]));
  }

  const config = { mediaType: mediaTypes.ociConfig, digest: `sha256:${"0".repeat(64)}`, size: 1 };
  const notIndexes = {
    "a web page": "<html></html>",
    nothing: "",
    "an error": '{"errors":[{"code":"NOT_FOUND"}]}',
    "a list": "[]",
    null: "null",
    "an image": JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] }),
    "a Docker list": JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.dockerList, manifests: [] }),
    "an index whose list is none": JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: {} }),
  };
  for (const [what, body] of Object.entries(notIndexes)) {
    for (const type of ["text/html", "application/json", mediaTypes.ociIndex]) {
      test(`says so by ${what} as ${type}`, async () => {
        assert.deepEqual(await listed((exchange) => reply(exchange, 200, { "content-type": type }, body)), ["a/b"]);
      });
    }
  }

  test("is not said to be missing by a list that broke off: that hides some", async () => {
    const body = `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[{"mediaType"`;
    const cut = listed((exchange) => reply(exchange, 200, { "content-type": mediaTypes.ociIndex }, body));
    await assert.rejects(cut, expectedError("CORRUPT", /the list of referrers/));
  });

  for (const [status, code] of [
    [401, "DENIED"],
    [409, "UNSUPPORTED"],
    [412, "UNSUPPORTED"],
    [403, "DENIED"],
    [429, "UNAVAILABLE"],
    [500, "UNAVAILABLE"],
    [503, "UNAVAILABLE"],
  ] as const) {
    test(`does not say so by ${status}: that may hide some`, async () => {
      await assert.rejects(listed(refuse(status)), expectedError(code, new RegExp(String(status))));
    });
  }
});

describe("HEAD", () => {
  for (const status of [400, 401, 403, 405, 406, 501]) {
    test(`that is refused with ${status} is followed by GET, for manifests and for blobs`, async () => {
      await using server = await startStrictRegistry();
      const { place, root } = randomImage();
      server.inject(on("HEAD", /./), (exchange) => reply(exchange, status), always);
      await pushAll(place, server.host);
      assert.equal(server.repository("app").tags.get("1"), root.digest);
      const before = server.log.length;
      await pushAll(place, server.host);
      const again = summary(server.log.slice(before)).filter((line) => /^(?:POST|PUT|PATCH)/.test(line));
      assert.deepEqual(again, []);
    });
  }

  test("without digest and length, and one that answers 403 as GET does, is told with the words of GET", async () => {
    await using server = await startStrictRegistry();
    hostImage(server);
    server.inject(on("HEAD", /./), (exchange) => reply(exchange, 403), always);
    server.inject(on("GET", /./), (exchange) => replyProblem(exchange, 403, "DENIED"), always);
    await assert.rejects(openTo(server.host), expectedError("DENIED", /the test registry says DENIED/));
  });
});

describe("a limit to the size of requests", () => {
  const bytes = randomBytes(9 * 1024 * 1024 + 17);
  const blob: Descriptor = { mediaType: "application/octet-stream", digest: digestOf(bytes), size: bytes.length };

  /** Refuses by the announced length, before the body has come as proxies do, or when it has come to its end. */
  function limit(server: StrictRegistry, most: number, late = false): void {
    const tooLarge = async (exchange: ServerExchange) => {
      exchange.request.resume();
      if (late) await once(exchange.request, "end");
      reply(exchange, 413, html, "<html><h1>413 Request Entity Too Large</h1></html>");
    };
    const isLarge = ({ headers }: { readonly headers: Readonly<Record<string, string>> }) =>
      Number(headers["content-length"] ?? 0) > most;
    server.inject(isLarge, tooLarge, always);
  }

  /** Requests do not end where chunks of the source do. */
  const oddChunk = 99_991;

  async function put(server: StrictRegistry, known: boolean, options: EndOptions = {}): Promise<void> {
    await using target = await openTo(server.host, options);
    for (let tried = 0; ; tried += 1) {
      const failure = await target.put(uploadOfBytes(bytes, blob, oddChunk, known)).catch((error: unknown) => error);
      if (failure === undefined) break;
      // What was sent before the refusal came may be out of the window: then the engine begins anew, once.
      if (tried > 0 || Reflect.get(Object(failure), "retryable") !== true) throw failure;
    }
    assert.ok(server.repository("app").blobs.get(blob.digest)?.equals(bytes));
  }

  for (const [most, known, late] of [
    [1024 * 1024, true, false],
    [1024 * 1024, false, false],
    [1_000_000, true, true],
    [1_000_000, false, true],
    [8 * 1024 * 1024, true, false],
    [70_000, false, true],
  ] as const) {
    const when = late ? "late" : "at once";
    test(`of ${most} bytes, told ${when}, is met by smaller ones, ${known ? "whole" : "rewritten"} blobs`, async () => {
      await using server = await startStrictRegistry();
      limit(server, most, late);
      await put(server, known, { registry: { retryTimes: 1 } });
      const refusals = server.log.filter(({ status }) => status === 413).length;
      assert.ok(refusals <= 9, `${refusals} refusals`);
    });
  }

  test("is remembered for the next blob", async () => {
    await using server = await startStrictRegistry();
    limit(server, 1024 * 1024);
    await using target = await openTo(server.host);
    for (const size of [3_000_000, 3_000_000]) {
      const content = randomBytes(size);
      const descriptor = { ...blob, digest: digestOf(content), size };
      await target.put(uploadOfBytes(content, descriptor));
      assert.ok(server.repository("app").blobs.get(descriptor.digest)?.equals(content));
    }
    const refused = server.log.flatMap(({ status }, index) => (status === 413 ? [index] : []));
    const second = server.log.findLastIndex(({ method, path }) => method === "POST" && path.includes("uploads"));
    assert.ok(refused.every((index) => index < second));
  });

  test("below the smallest chunk is UNSUPPORTED, and names the option", async () => {
    await using server = await startStrictRegistry();
    limit(server, 1000);
    await assert.rejects(put(server, false), expectedError("UNSUPPORTED", /413/, /--chunk-size/));
  });

  test("that is known beforehand is kept to from the first request on", async () => {
    await using server = await startStrictRegistry();
    limit(server, 5 * 1024 * 1024);
    for (const known of [true, false]) {
      server.repository("app").blobs.clear();
      await put(server, known, { registry: { chunkSize: 5 * 1024 * 1024 } });
    }
    assert.ok(server.log.every(({ status }) => status !== 413));
    assert.equal(server.log.filter(({ method }) => method === "PATCH").length, 4);
    await assert.rejects(openTo(server.host, { registry: { chunkSize: 10 } }), expectedError("USAGE", /chunk/));
  });
});

describe("what is good in another way", () => {
  test("200 in place of 201 and 202, ranges as numbers of bytes, and mounts without a place to go on", async () => {
    await using server = await startStrictRegistry();
    const { place, root } = randomImage();
    server.inject(on("POST", /mount=/), (exchange) => reply(exchange, 202), always);
    server.inject(
      on("PATCH", /./),
      async ({ response }, proceed) => {
        const setHeader = response.setHeader.bind(response);
        response.setHeader = (name, value) => setHeader(name, name === "range" ? `bytes=${value}` : value);
        await proceed();
      },
      always,
    );
    for (const method of ["POST", "PATCH", "PUT"]) {
      server.inject(
        ({ method: asked, path }) => asked === method && !path.includes("mount="),
        async ({ response }, proceed) => {
          const end = response.end.bind(response);
          response.end = ((...args: Parameters<typeof end>) => {
            if (response.statusCode < 300) response.statusCode = 200;
            return end(...args);
          }) as typeof response.end;
          await proceed();
        },
        always,
      );
    }
    await pushAll(place, server.host);
    assert.equal(server.repository("app").tags.get("1"), root.digest);
  });

  test("a blob that is not there after a good answer is told, whether it went whole or not", async () => {
    await using server = await startStrictRegistry();
    const bytes = randomBytes(1000);
    const blob: Descriptor = { mediaType: "application/octet-stream", digest: digestOf(bytes), size: bytes.length };
    server.inject(on("PUT", /uploads/), refuse(202), always);
    await using target = await openTo(server.host);
    for (const known of [true, false]) {
      const putting = target.put(uploadOfBytes(bytes, blob, 100, known));
      await assert.rejects(putting, expectedError("UNAVAILABLE", /last answer is 202, and the blob is not there/));
    }
  });

  test("a manifest without a digest, of whatever type, that a file server calls a web page", async () => {
    await using server = await startStrictRegistry();
    const { root } = hostImage(server);
    for (const type of ["text/html", "text/plain", "application/json", "application/octet-stream", ""]) {
      server.inject(on("GET", /manifests/), (exchange) => {
        const { bytes } = server.repository("app").manifests.get(root.digest) ?? { bytes: "" };
        reply(exchange, 200, type === "" ? {} : { "content-type": type }, bytes);
      });
      assert.equal((await pullAll(server.host)).names.get("app")?.digest, root.digest, type);
    }
  });

  test("OCI-Subject from a registry that lists nothing is not believed: the fallback tag is written", async () => {
    await using server = await startStrictRegistry({ referrersApi: false, saysSubject: true });
    const { root, place } = hostImage(server);
    const made = madeReferrer(root, "a/b");
    await using target = await openAttachable(server.host);
    await putBlobs(target, made.blobs);
    await target.putReferrer(root.digest, made.descriptor, made.bytes);
    await target.commit(root, place.content(root.digest));
    await using source = await openAttached(server.host);
    assert.deepEqual(
      (await source.referrers(root.digest)).map(({ digest }) => digest),
      [made.descriptor.digest],
    );
  });
});

test("a digest tag that the registry does not show is told with its status, and is not taken for something else", async () => {
  await using server = await startStrictRegistry();
  const { root } = hostImage(server);
  await using source = await openAttached(server.host);
  for (const [status, code] of [
    [400, "UNSUPPORTED"],
    [403, "DENIED"],
    [405, "UNSUPPORTED"],
    [406, "UNSUPPORTED"],
    [501, "UNSUPPORTED"],
  ] as const) {
    server.inject(on("GET", /\/manifests\/sha256-\w+\.sig$/), refuse(status));
    await assert.rejects(source.digestTag(root.digest, "sig"), expectedError(code, new RegExp(`: ${status}$`)));
  }
  assert.equal(await source.digestTag(root.digest, "sig"), undefined);
});

describe("what a refusal means", () => {
  const body = (code: string, message = "", detail?: unknown) =>
    Buffer.from(JSON.stringify({ errors: [{ code, message, detail }] }));
  const says = (status: number, bytes: Uint8Array, asked?: "upload" | "write" | "deletion") =>
    problem({ status, url: "https://registry.example/v2/", body: bytes }, "it fails", asked);

  test("a tag that stays is a CONFLICT only where a manifest is written", () => {
    const immutable = body("TAG_INVALID", "the repository is immutable");
    assert.equal(says(400, immutable, "write").code, "CONFLICT");
    assert.equal(says(400, immutable, "upload").code, "UNSUPPORTED");
    for (const status of [409, 412]) {
      assert.equal(says(status, Buffer.alloc(0), "write").code, "CONFLICT");
      assert.equal(says(status, immutable).code, "UNSUPPORTED");
    }
    for (const [status, bytes] of [
      [409, body("ALREADY_EXISTS", "tag v1")],
      [400, body("ImageTagAlreadyExistsException")],
      [403, body("DENIED", "tag is protected")],
      [500, body("UNKNOWN", "tag is immutable")],
    ] as const) {
      assert.match(says(status, bytes, "write").hint ?? "", /choose another tag/);
      assert.equal(says(status, bytes, "write").code, "CONFLICT");
    }
    assert.equal(says(500, body("UNKNOWN", "already exists"), "write").code, "UNAVAILABLE");
    assert.equal(says(503, immutable, "write").code, "UNAVAILABLE");
    assert.equal(says(429, immutable, "write").code, "UNAVAILABLE");
    assert.equal(says(403, body("DENIED", "not blocked"), "write").code, "DENIED");
  });

  test("its words are shown from wherever they are, but for those of a page", () => {
    for (const [bytes, shown] of [
      [body("X", "one", "two"), "X: one: two"],
      [body("X", "", { description: "three" }), "X: three"],
      [body("", "four"), "four"],
      [Buffer.from('{"message":"five"}'), "five"],
      [Buffer.from('{"error":"six"}'), "six"],
      [Buffer.from("seven\u001b[31m\nmore"), "seven\\u{1b}[31m"],
      [Buffer.from("<html>eight</html>"), ""],
    ] as const) {
      assert.equal(says(403, bytes).message, `it fails: 403${shown && ` ${shown}`}`);
    }
  });

  test("what would be refused again is not UNAVAILABLE, and the way on is said", () => {
    for (const [status, asked, code, hint] of [
      [404, "upload", "NOT_FOUND", /make it first/],
      [413, "upload", "UNSUPPORTED", /--chunk-size/],
      [415, "write", "UNSUPPORTED", /Docker's media types/],
      [406, "write", "UNSUPPORTED", /Docker's media types/],
      [405, "deletion", "UNSUPPORTED", /turned off/],
      [402, "upload", "DENIED", /log in/],
      [400, undefined, "UNSUPPORTED", /^$/],
      [422, undefined, "UNSUPPORTED", /^$/],
    ] as const) {
      const error = says(status, Buffer.alloc(0), asked);
      assert.equal(error.code, code, String(status));
      assert.match(error.hint ?? "", hint);
    }
    for (const status of [408, 425, 429, 500, 502, 503])
      assert.equal(says(status, Buffer.alloc(0)).code, "UNAVAILABLE");
  });
});
