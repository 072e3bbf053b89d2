// Needs openssl.
// What is given for one port of a host, and every way in which a registry may send us to another port of it.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { OciEncError } from "../../../../../src/errors.js";
import { readTrust } from "../../../../../src/transport/registry/http/certificates.js";
import { apiHost, isSameHost, ownOrigins } from "../../../../../src/transport/registry/http/offline-guard.js";
import type { HostSettings, RegistryOptions } from "../../../../../src/transport/registry-options.js";
import { type KeyPairFiles, makeAuthority } from "../../../../support/certificates/certificate.js";
import { hostImage } from "../../../../support/registry/hosted-image.js";
import { alice, note, noteAll, nothing, type Shown, type Way, ways } from "../../../../support/registry/port-ways.js";
import { type TestMachine, testEnvironment } from "../../../../support/registry/registry-endpoint.js";
import { pullAll } from "../../../../support/registry/registry-ends.js";
import { withScratch } from "../../../../support/registry/registry-files.js";
import { reply, type ServerExchange } from "../../../../support/registry/request-log.js";
import { startServer, type TestServer } from "../../../../support/registry/scripted-server.js";
import { startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";

const [authority, stranger] = [makeAuthority(), makeAuthority()];
const names = "DNS:registry.test,IP:127.0.0.2";
const [trusted, unknown] = [authority.issue({ names }), stranger.issue({ names })];
const client = authority.issue({ names: "DNS:client", usage: "clientAuth" });
after(() => {
  authority[Symbol.dispose]();
  stranger[Symbol.dispose]();
});

/** What is given, on what machine, and whether the other port is to be reached. */
interface Setting {
  readonly host?: HostSettings;
  /** Undefined: both speak plain HTTP. */
  readonly certificate?: KeyPairFiles;
  readonly machine?: TestMachine;
  /** Whether the registry is to see the client certificate. */
  readonly certified?: boolean;
  /** Writes certs.d or registries.conf below `folder`. */
  prepare?(folder: string, registry: string, other: string): Partial<RegistryOptions>;
  readonly reached: boolean;
}

const ca = { certificateAuthority: Buffer.from(authority.certificate) };
const shown = { clientCertificate: Buffer.from(client.certificate), clientKey: Buffer.from(client.key) };
const forbidden = { classes: { "127.0.0.2": "forbidden" } } as const;

const settings: Readonly<Record<string, Setting>> = {
  "a client certificate": { host: { ...ca, ...shown }, certificate: trusted, certified: true, reached: true },
  "an authority": { host: ca, certificate: trusted, reached: true },
  "an authority that the other is not of": { host: ca, certificate: unknown, reached: false },
  "no verification": { host: { verifyTls: false }, certificate: unknown, reached: false },
  "no verification, and a client certificate": {
    host: { verifyTls: false, ...shown },
    certificate: unknown,
    certified: true,
    reached: false,
  },
  "a directory of certificates": {
    certificate: trusted,
    certified: true,
    prepare: (folder) => ({ host: { certificateDirectory: certificates(folder) } }),
    reached: false,
  },
  "certs.d of the registry": {
    certificate: trusted,
    certified: true,
    prepare(folder, registry) {
      certificates(join(folder, "etc/containers/certs.d", registry));
      return {};
    },
    reached: false,
  },
  "registries.conf of the registry": {
    certificate: unknown,
    prepare: (folder, registry) => ({ registriesConf: insecure(folder, registry) }),
    reached: false,
  },
  "registries.conf of both": {
    certificate: unknown,
    prepare: (folder, registry, other) => ({ registriesConf: insecure(folder, registry, other) }),
    reached: true,
  },
  "plain HTTP": { host: { plainHttp: true }, reached: false },
  "plain HTTP, and registries.conf of the other": {
    host: { plainHttp: true },
    prepare: (folder, _, other) => ({ registriesConf: insecure(folder, other) }),
    reached: true,
  },
  "an internal address": { host: ca, certificate: trusted, machine: forbidden, reached: false },
};

describe("what is given for one port does not hold for another", () => {
  for (const [what, setting] of Object.entries(settings)) {
    test(`${what}: by no way is more shown or granted to the other port`, async () => {
      for (const [name, way] of Object.entries(ways)) await tryWay(setting, way, `${what}, ${name}`);
    });
  }

  test("nothing that is given by hand reaches a mirror on another port", () =>
    withScratch(async (folder) => {
      const [registrySaw, mirrorSaw] = [nothing(), nothing()];
      await using registry = await startStrictRegistry({ ...listening(trusted), auth: { ...alice, kind: "basic" } });
      noteAll(registry, registrySaw);
      hostImage(registry);
      for (const certificate of [trusted, unknown]) {
        await using mirror = await startOther(certificate, mirrorSaw);
        const conf = join(folder, "registries.conf");
        writeFileSync(conf, mirrored(registry.host, mirror.host));
        const host = { ...ca, ...shown, verifyTls: false };
        const options = { registry: { credentials: alice, host, registriesConf: conf }, environment: machine() };
        await pullAll(registry.host, options);
        assert.equal(mirror.log.length, 0);
      }
      assert.ok(registrySaw.certificates.includes(true));
    }));
});

test("an origin has no default port, and each scheme is another", () => {
  for (const [host, plainHttp, url, own] of [
    ["h.test", false, "https://h.test:443/v2/", true],
    ["h.test:443", false, "https://h.test/v2/", true],
    ["h.test:443", false, "https://H.TEST/v2/", true],
    ["h.test", false, "http://h.test:80/v2/", true],
    ["h.test", true, "http://h.test:80/v2/", true],
    ["h.test:80", true, "http://h.test/v2/", true],
    ["h.test", true, "https://h.test/v2/", false],
    ["h.test", false, "https://h.test:5000/v2/", false],
    ["h.test:5000", false, "https://h.test/v2/", false],
    ["h.test:5000", false, "https://h.test:05000/v2/", true],
    ["h.test:5000", false, "https://h.test.:5000/v2/", false],
    ["[::1]:5000", false, "https://[0:0::1]:5000/v2/", true],
    ["[::1]:5000", false, "https://[::1]:5001/v2/", false],
    ["docker.io", false, "https://registry-1.docker.io:443/v2/", true],
  ] as const) {
    assert.equal(ownOrigins(apiHost(host), { plainHttp }).has(new URL(url).origin), own, `${host} and ${url}`);
  }
  assert.ok(isSameHost("h.test", "h.test:443"));
  assert.ok(!isSameHost("h.test", "h.test:80"));
});

test("certs.d may spell the port that TLS has anyway", () =>
  withScratch(async (folder) => {
    certificates(join(folder, "etc/docker/certs.d/registry.test:443"));
    const environment = testEnvironment({ root: folder });
    assert.equal((await readTrust("registry.test", {}, environment)).certificate, client.certificate);
    assert.equal((await readTrust("registry.test:5000", {}, environment)).certificate, undefined);
  }));

async function tryWay(setting: Setting, way: Way, label: string): Promise<void> {
  await withScratch(async (folder) => {
    const [registrySaw, otherSaw] = [nothing(), nothing()];
    const ends = setting.certificate ? listening(trusted) : place;
    await using registry = await startStrictRegistry({ ...ends, auth: { ...alice, kind: "basic" } });
    await using other = await startOther(setting.certificate, otherSaw);
    const given = setting.prepare?.(folder, registry.host, other.host);
    const options = {
      registry: { retryTimes: 0, credentials: alice, host: setting.host, ...given },
      environment: machine({ root: folder, ...setting.machine }),
    };
    const scene = { registry, other, image: hostImage(registry), options, registrySaw };
    way.send(scene);
    noteAll(registry, registrySaw);
    const failure = await way.go(scene).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(failure instanceof OciEncError, `${label}: ${failure}`);
    assert.equal(registrySaw.certificates.includes(true), setting.certified === true, label);
    // A token server is told who one is: that is what it is for. But not over HTTP.
    const isRealm = way === ways["the realm of a token"];
    const isTold = isRealm && setting.certificate !== undefined;
    const reached = setting.reached && !way.closed && (isTold || !isRealm);
    assert.equal(other.log.length > 0, reached, `${label}: ${failure.message}`);
    if (!reached) {
      assert.match(failure.code, /^(?:UNAVAILABLE|DENIED)$/, label);
      assert.ok(failure.message.includes(other.host), `${label}: ${failure.message}`);
    }
    assert.ok(!otherSaw.certificates.includes(true), label);
    assert.equal(otherSaw.credentials.includes(true), isTold && reached, label);
  });
}

/** Both listen at the same address, under the same name. */
const place = { address: "127.0.0.2", hostname: "registry.test" };

function listening(pair: KeyPairFiles) {
  const tls = { key: pair.key, cert: pair.certificate, ca: authority.certificate, requestCert: true };
  return { ...place, tls: { ...tls, rejectUnauthorized: false } };
}

function machine(more: TestMachine = {}) {
  return testEnvironment({
    names: { "registry.test": [["127.0.0.2"]] },
    classes: { "127.0.0.2": "private" },
    ...more,
  });
}

async function startOther(pair: KeyPairFiles | undefined, saw: Shown): Promise<TestServer> {
  const answer = (exchange: ServerExchange) => {
    note(exchange, saw);
    reply(exchange, 404);
  };
  return await startServer(answer, pair ? listening(pair) : place);
}

/** An authority and a client certificate, as certs.d has them. */
function certificates(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "ca.crt"), authority.certificate);
  writeFileSync(join(folder, "client.cert"), client.certificate);
  writeFileSync(join(folder, "client.key"), client.key);
  return folder;
}

function insecure(folder: string, ...hosts: readonly string[]): string {
  const path = join(folder, "registries.conf");
  writeFileSync(path, hosts.map((host) => `[[registry]]\nlocation = "${host}"\ninsecure = true\n`).join(""));
  return path;
}

function mirrored(registry: string, mirror: string): string {
  return `[[registry]]\nlocation = "${registry}"\ninsecure = true\n[[registry.mirror]]\nlocation = "${mirror}"\n`;
}
