// Needs openssl.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { TLSSocket } from "node:tls";
import { inspect, promisify } from "node:util";
import { OciEncError } from "../../../../../src/errors.js";
import { Connections } from "../../../../../src/transport/registry/http/connections.js";
import { isExempt, proxyFor } from "../../../../../src/transport/registry/http/proxy/proxy.js";
import type { HostSettings } from "../../../../../src/transport/registry-options.js";
import { makeAuthority } from "../../../../support/certificates/certificate.js";
import { expectedError } from "../../../../support/expected-error.js";
import { hostImage } from "../../../../support/registry/hosted-image.js";
import { testEnvironment } from "../../../../support/registry/registry-endpoint.js";
import { openFrom, pullAll, readWhole } from "../../../../support/registry/registry-ends.js";
import { withScratch } from "../../../../support/registry/registry-files.js";
import { reply } from "../../../../support/registry/request-log.js";
import { startServer } from "../../../../support/registry/scripted-server.js";
import { on, type StrictRegistry, startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";

const authority = makeAuthority();
const good = authority.issue({ names: "DNS:localhost,DNS:registry.test,IP:127.0.0.1" });
after(() => authority[Symbol.dispose]());

async function pulled(server: StrictRegistry, host: HostSettings, more: object = {}): Promise<string | undefined> {
  hostImage(server);
  return (await pullAll(server.host, { registry: { host, retryTimes: 0 }, ...more })).names.get("app")?.digest;
}

describe("TLS", () => {
  test("faults/64: a certificate that is expired, for another name, or of an unknown authority is refused, and HTTP is not tried", async () => {
    using stranger = makeAuthority();
    const cases = [
      [authority.issue({ names: "IP:127.0.0.1", days: -1 }), /expired/],
      [authority.issue({ names: "DNS:other.test" }), /another name/],
      [stranger.issue({ names: "IP:127.0.0.1" }), /not trusted/],
    ] as const;
    for (const [pair, message] of cases) {
      await using server = await startStrictRegistry({ tls: { key: pair.key, cert: pair.certificate } });
      const host = { certificateAuthority: Buffer.from(authority.certificate) };
      await assert.rejects(pulled(server, host), expectedError("UNAVAILABLE", message, /--ca-file/));
      assert.ok(await pulled(server, { verifyTls: false }));
    }
  });

  test("an authority is given as bytes, or found in certs.d and in a directory of one's own", () =>
    withScratch(async (folder) => {
      await using server = await startStrictRegistry({ tls: { key: good.key, cert: good.certificate } });
      assert.ok(await pulled(server, { certificateAuthority: Buffer.from(authority.certificate) }));
      for (const place of [`etc/docker/certs.d/${server.host}`, `etc/containers/certs.d/${server.host}`, "own"]) {
        mkdirSync(join(folder, place), { recursive: true });
        writeFileSync(join(folder, place, "ca.crt"), authority.certificate);
      }
      assert.ok(await pulled(server, {}, { environment: testEnvironment({ root: folder }) }));
      assert.ok(await pulled(server, { certificateDirectory: join(folder, "own") }));
    }));

  test("faults/64: an authority that is a key, text or DER is told as such, and not as a server that is not trusted", () =>
    withScratch(async (folder) => {
      await using server = await startStrictRegistry({ tls: { key: good.key, cert: good.certificate } });
      const { raw } = new X509Certificate(authority.certificate);
      for (const content of [good.key, "text", "", raw]) {
        const given = expectedError("KEY_INVALID", /no certificate in the authority given for "/, /--ca-file/);
        await assert.rejects(pulled(server, { certificateAuthority: Buffer.from(content) }), given);
        writeFileSync(join(folder, "own.crt"), content);
        const found = expectedError("KEY_INVALID", /no certificate in ".*own\.crt"/);
        await assert.rejects(pulled(server, { certificateDirectory: folder }), found);
      }
      const beside = Buffer.from(`${good.key}\n# ours:\n${authority.certificate}`);
      assert.ok(await pulled(server, { certificateAuthority: beside }));
    }));

  test("faults/64: a client certificate is shown where one is wanted, and missed where it is not given", async () => {
    const tls = {
      key: good.key,
      cert: good.certificate,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: true,
    };
    await using server = await startStrictRegistry({ tls });
    const client = authority.issue({ names: "DNS:client", usage: "clientAuth" });
    const host = { certificateAuthority: Buffer.from(authority.certificate) };
    await assert.rejects(pulled(server, host), expectedError("UNAVAILABLE"));
    assert.ok(
      await pulled(server, {
        ...host,
        clientCertificate: Buffer.from(client.certificate),
        clientKey: Buffer.from(client.key),
      }),
    );
    await assert.rejects(
      pulled(server, { ...host, clientCertificate: Buffer.from("x"), clientKey: Buffer.from("y") }),
      expectedError("KEY_INVALID"),
    );
  });

  test("faults/64: a server that speaks TLS 1.0 alone is refused", async () => {
    const tls = {
      key: good.key,
      cert: good.certificate,
      minVersion: "TLSv1",
      maxVersion: "TLSv1",
      ciphers: "DEFAULT@SECLEVEL=0",
    } as const;
    await using server = await startStrictRegistry({ tls });
    await assert.rejects(pulled(server, { verifyTls: false }), expectedError("UNAVAILABLE"));
  });

  test("faults/64: a server that renegotiates within an answer is followed, and the blob comes whole", async () => {
    const tls = { key: good.key, cert: good.certificate, maxVersion: "TLSv1.2" } as const;
    await using server = await startStrictRegistry({ tls });
    const { layers, place } = hostImage(server);
    const [layer] = layers;
    assert.ok(layer);
    const content = place.content(layer.digest);
    let renegotiated = 0;
    server.inject(on("GET", /blobs/), async ({ request, response }) => {
      const { socket } = request;
      assert.ok(socket instanceof TLSSocket);
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 10));
      await promisify(socket.renegotiate.bind(socket))({ rejectUnauthorized: false });
      renegotiated += 1;
      response.end(content.subarray(10));
    });
    const host = { certificateAuthority: Buffer.from(authority.certificate) };
    await using source = await openFrom(server.host, { registry: { host, retryTimes: 0 } });
    assert.deepEqual(await readWhole(source, layer), content);
    assert.equal(renegotiated, 1);
  });

  test("faults/64: that certificates of one host do not matter does not hold for another", async () => {
    await using server = await startStrictRegistry({ tls: { key: good.key, cert: good.certificate } });
    const { layers, place } = hostImage(server);
    const [layer] = layers;
    assert.ok(layer);
    await using store = await startServer((exchange) => reply(exchange, 200, {}, place.content(layer.digest)), {
      tls: { key: good.key, cert: good.certificate },
      hostname: "localhost",
    });
    server.inject(on("GET", /blobs/), (exchange) => reply(exchange, 307, { location: `${store.origin}/x` }), 2);
    await using source = await openFrom(server.host, { registry: { host: { verifyTls: false }, retryTimes: 0 } });
    await assert.rejects(
      readWhole(source, layer),
      expectedError("UNAVAILABLE", /"localhost:\d+": its certificate is not trusted/),
    );
    assert.equal(store.log.length, 0);
  });

  test("faults/14: a redirect from TLS to plain HTTP is refused", async () => {
    await using server = await startStrictRegistry({ tls: { key: good.key, cert: good.certificate } });
    await using plain = await startServer((exchange) => reply(exchange, 200, {}, "x"));
    const { layers } = hostImage(server);
    server.inject(on("GET", /blobs/), (exchange) => reply(exchange, 307, { location: `${plain.origin}/x` }));
    await using source = await openFrom(server.host, {
      registry: { host: { certificateAuthority: Buffer.from(authority.certificate) } },
    });
    const [layer] = layers;
    assert.ok(layer);
    await assert.rejects(readWhole(source, layer), expectedError("UNAVAILABLE", /from https to http/));
  });

  test("on this machine HTTP is spoken to who speaks no TLS; elsewhere only when it is asked for", async () => {
    await using server = await startStrictRegistry();
    assert.ok(await pulled(server, {}));
    await using away = await startStrictRegistry({ address: "127.0.0.2", hostname: "registry.test" });
    const environment = testEnvironment({ names: { "registry.test": [["127.0.0.2"]] } });
    await assert.rejects(
      pulled(away, {}, { environment }),
      expectedError("UNAVAILABLE", /does not speak TLS/, /--plain-http/),
    );
    assert.ok(await pulled(away, { verifyTls: false }, { environment }));
    assert.ok(await pulled(away, { plainHttp: true }, { environment }));
  });
});

/** A proxy that forwards, or does as it is told. */
async function startProxy(refuse?: number | "drop") {
  const log: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    log.push(`${request.method} ${request.url}`);
    if (refuse === "drop") return void request.socket.destroy();
    if (refuse) return void response.writeHead(refuse).end();
    const url = new URL(request.url ?? "");
    const upstream = connect(Number(url.port), "127.0.0.2");
    upstream.on("error", () => response.destroy());
    const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    upstream.write(
      `${request.method} ${url.pathname}${url.search} HTTP/1.1\r\n${headers.join("").replace(/connection: .*\r\n/i, "")}connection: close\r\n\r\n`,
    );
    upstream.pipe(request.socket);
  });
  server.on("connect", (request, socket) => {
    log.push(`CONNECT ${request.url}`);
    if (refuse === "drop") return void socket.destroy();
    if (refuse) return void socket.end(`HTTP/1.1 ${refuse} Refused\r\n\r\n`);
    const upstream = connect(Number(request.url?.split(":").at(-1)), "127.0.0.2", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
  });
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://user:word@127.0.0.1:${address.port}`,
    log,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("what answers is no registry", () => {
  for (const [what, bytes] of [
    ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["random bytes", "\u0000\u0001\u0002\u00ff\u00fe"],
    ["a header with a terminal escape", 'HTTP/1.1 200 OK\r\nWarning: 299 - "\u001b[31m"\r\nContent-Length: 0\r\n\r\n'],
    ["a length below zero", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"],
    ["a chunk without a size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"],
  ] as const) {
    test(`faults/29: ${what} is UNAVAILABLE, never a bug of ours`, async () => {
      const server = createTcpServer((socket) => {
        socket.on("error", () => socket.destroy());
        socket.once("data", () => socket.end(Buffer.from(bytes, "latin1")));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      try {
        const { port } = server.address() as AddressInfo;
        const registry = { retryTimes: 0, host: { plainHttp: true } };
        await assert.rejects(pullAll(`127.0.0.1:${port}`, { registry }), expectedError("UNAVAILABLE", /not HTTP/));
      } finally {
        server.close();
      }
    });
  }

  test("a connection that is refused is final at first, and passing when the registry has answered before", async () => {
    const server = await startStrictRegistry();
    const url = new URL(`${server.origin}/v2/`);
    const patience = { response: 5000, idle: 5000, notice: 5000 };
    const asked = { method: "GET", url, headers: {}, patience } as const;
    const place = { host: server.host, settings: { plainHttp: true }, insecureAt: () => false };
    await using known = new Connections(place, testEnvironment(), 5000);
    await (await known.send(asked)).discard();
    await server[Symbol.asyncDispose]();
    await using fresh = new Connections(place, testEnvironment(), 5000);
    for (const [connections, retryable] of [
      [fresh, false],
      [known, true],
    ] as const) {
      await assert.rejects(connections.send(asked), (error) => {
        expectedError("UNAVAILABLE", /is refused|was cut/)(error);
        assert.equal(error instanceof OciEncError && error.retryable, retryable);
        return true;
      });
    }
  });
});

describe("proxies", () => {
  test("faults/63: the proxy of the environment is used, for HTTP and through CONNECT for TLS", async () => {
    for (const tls of [undefined, { key: good.key, cert: good.certificate }]) {
      await using server = await startStrictRegistry({ tls, address: "127.0.0.2", hostname: "registry.test" });
      await using proxy = await startProxy();
      const environment = testEnvironment({ variables: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url } });
      const host = tls ? { certificateAuthority: Buffer.from(authority.certificate) } : { plainHttp: true };
      assert.ok(await pulled(server, host, { environment }));
      assert.ok(proxy.log.length > 0 && proxy.log.every((line) => line.includes("registry.test")), proxy.log.join());
    }
  });

  test("faults/63: a proxy that answers 407 or drops the connection is UNAVAILABLE, and its password is not told", async () => {
    for (const refuse of [407, "drop"] as const) {
      await using server = await startStrictRegistry({
        tls: { key: good.key, cert: good.certificate },
        address: "127.0.0.2",
        hostname: "registry.test",
      });
      await using proxy = await startProxy(refuse);
      const environment = testEnvironment({ variables: { HTTPS_PROXY: proxy.url } });
      await assert.rejects(pulled(server, {}, { environment }), (error) => {
        expectedError("UNAVAILABLE")(error);
        assert.ok(!String(error).includes("word"));
        return true;
      });
      assert.equal(server.log.length, 0);
    }
  });

  test("faults/63: a proxy that is not there is named as such", async () => {
    for (const host of [{ plainHttp: true }, {}]) {
      const proxy = await startProxy();
      await proxy[Symbol.asyncDispose]();
      const environment = testEnvironment({ variables: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url } });
      const pulling = pullAll("registry.test", { registry: { host }, environment });
      await assert.rejects(
        pulling,
        expectedError("UNAVAILABLE", /the proxy "127\.0\.0\.1:\d+": the connection is refused/),
      );
    }
  });

  test("faults/63: an IPv6 address is asked of the proxy in brackets", async () => {
    const tls = { key: good.key, cert: good.certificate };
    await using server = await startStrictRegistry({ tls, address: "127.0.0.2", hostname: "[2001:db8::1]" });
    await using proxy = await startProxy();
    const environment = testEnvironment({ variables: { HTTPS_PROXY: proxy.url } });
    // Node 22.23.3 finds an IPv6 address in no certificate.
    assert.ok(await pulled(server, { verifyTls: false }, { environment }));
    assert.deepEqual(new Set(proxy.log), new Set([`CONNECT ${server.host}`]));
  });

  test("faults/63: a proxy whose user name or password is wrongly encoded is USAGE, and neither is told", async () => {
    for (const user of ["pu:pp%zzSECRET", "pu%SECRET:pp", "pu:pp%ffSECRET"]) {
      const variables = { HTTP_PROXY: `http://${user}@127.0.0.1:9`, HTTPS_PROXY: `http://${user}@127.0.0.1:9` };
      for (const plainHttp of [true, false]) {
        const options = { registry: { host: { plainHttp } }, environment: testEnvironment({ variables }) };
        await assert.rejects(pullAll("registry.test", options), (error) => {
          expectedError("USAGE", /percent-encoded/, /%25/)(error);
          assert.ok(!inspect(error).includes("SECRET"));
          return true;
        });
      }
    }
  });

  test("faults/63: NO_PROXY names hosts, what is below them, addresses, blocks and ports", () => {
    const exempt = (host: string, list: string) => isExempt(new URL(`https://${host}/v2/`), list);
    for (const [host, list, expected] of [
      ["a.test", "a.test", true],
      ["x.a.test", "a.test", true],
      ["xa.test", "a.test", false],
      ["a.test", ".a.test", false],
      ["x.a.test", "*.a.test", true],
      ["a.test", "b.test, a.test:443", true],
      ["a.test:5000", "a.test:443", false],
      ["a.test:5000", "a.test:5000", true],
      ["10.1.2.3", "10.0.0.0/8", true],
      ["11.1.2.3", "10.0.0.0/8", false],
      ["10.1.2.3", "10.1.2.3:443", true],
      ["[fd00::1]", "fd00::/8", true],
      ["[fd00::1]:5000", "[fd00::1]:5000", true],
      ["[fe80::1]", "fd00::/8", false],
      ["a.test", "*", true],
      ["a.test", "", false],
      ["a.test", "10.0.0.0/99, /8, ::/x", false],
    ] as const) {
      assert.equal(exempt(host, list), expected, `${host} in ${list}`);
    }
    const variables = { HTTPS_PROXY: "proxy.test:3128", no_proxy: "a.test" };
    assert.equal(proxyFor(new URL("https://b.test/"), variables)?.href, "http://proxy.test:3128/");
    assert.equal(proxyFor(new URL("https://a.test/"), variables), undefined);
    assert.equal(proxyFor(new URL("https://localhost:5000/"), variables), undefined);
    assert.equal(proxyFor(new URL("http://b.test/"), variables), undefined);
    assert.throws(() => proxyFor(new URL("https://b.test/"), { HTTPS_PROXY: "socks5://x" }), expectedError("USAGE"));
  });

  test("faults/63: a registry on IPv6 alone is reached, and one whose IPv6 is dead by its IPv4", async () => {
    await using server = await startStrictRegistry({ address: "::1", hostname: "[::1]" });
    assert.ok(await pulled(server, {}));
    await using both = await startStrictRegistry({ hostname: "dual.test" });
    // Nobody listens on this port of ::1.
    const environment = testEnvironment({ names: { "dual.test": [["::1", "127.0.0.1"]] } });
    assert.ok(await pulled(both, { plainHttp: true }, { environment }));
  });
});
