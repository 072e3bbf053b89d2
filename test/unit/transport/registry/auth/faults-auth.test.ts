import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { copy } from "../../../../../src/copy/copy.js";
import { parseChallenges } from "../../../../../src/transport/registry/auth/challenge.js";
import { fileKeychain, singleCredentials } from "../../../../../src/transport/registry/auth/keychain.js";
import { findLogin, logIn, logOut } from "../../../../../src/transport/registry/login.js";
import type { Credentials, Keychain, RegistryOptions } from "../../../../../src/transport/registry-options.js";
import { expectedError } from "../../../../support/expected-error.js";
import { hostImage, randomImage } from "../../../../support/registry/hosted-image.js";
import { testEnvironment } from "../../../../support/registry/registry-endpoint.js";
import { listening, openFrom, openTo, pullAll } from "../../../../support/registry/registry-ends.js";
import { withScratch } from "../../../../support/registry/registry-files.js";
import { reply, replyProblem } from "../../../../support/registry/request-log.js";
import { startServer } from "../../../../support/registry/scripted-server.js";
import { on, startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";

const alice = { kind: "password", username: "alice", password: "s3cret" } as const;
const anybody = (credentials: Credentials | undefined): Keychain => ({ credentials: async () => credentials });
const asAlice = { registry: { keychain: anybody(alice) } };
const bearer = { kind: "bearer", username: "alice", password: "s3cret" } as const;

describe("challenges and tokens of a hostile registry", () => {
  test("faults/16: a realm at an internal address, behind a name or a redirect, or with credentials is refused", async () => {
    await using inside = await startServer((exchange) => reply(exchange, 200, {}, '{"token":"t"}'));
    const port = inside.host.split(":")[1];
    const realms = [
      `http://127.0.0.1:${port}/token`,
      `http://localhost:${port}/token`,
      `http://0.0.0.0:${port}/token`,
      `http://[::]:${port}/token`,
      `http://[::ffff:127.0.0.1]:${port}/token`,
      `http://2130706433:${port}/token`,
      `http://0x7f000001:${port}/token`,
      `http://inside.test:${port}/token`,
      `http://a:b@registry.test/token`,
      "file:///etc/passwd",
      "",
    ];
    for (const realm of realms) {
      await using server = await startStrictRegistry({
        auth: { ...bearer, realm },
        address: "127.0.0.2",
        hostname: "registry.test",
      });
      const names = { "registry.test": [["127.0.0.2"]], "inside.test": [["127.0.0.1"]] };
      const environment = testEnvironment({ names, classes: { "127.0.0.2": "public" } });
      const registry = { keychain: anybody(alice), host: { plainHttp: true } };
      await assert.rejects(
        pullAll(server.host, { environment, registry }),
        expectedError("UNAVAILABLE", /token server|internal/),
        realm,
      );
    }
    assert.equal(inside.log.length, 0);
  });

  test("faults/16: a name that changes its address between the check and the connection reaches nothing", async () => {
    await using inside = await startServer((exchange) => reply(exchange, 200, {}, '{"token":"t"}'));
    const realm = `http://rebind.test:${inside.host.split(":")[1]}/token`;
    await using server = await startStrictRegistry({
      auth: { ...bearer, realm },
      address: "127.0.0.2",
      hostname: "registry.test",
    });
    // Each look-up is another address; the check is made on the one that is connected to.
    const names = { "registry.test": [["127.0.0.2"]], "rebind.test": [["127.0.0.3"], ["127.0.0.1"]] };
    const environment = testEnvironment({ names, classes: { "127.0.0.2": "public", "127.0.0.3": "public" } });
    const registry = { keychain: anybody(alice), host: { plainHttp: true }, retryTimes: 3 };
    await assert.rejects(pullAll(server.host, { environment, registry }), expectedError("UNAVAILABLE"));
    assert.equal(inside.log.length, 0);
  });

  test("faults/16: a token server that redirects is not followed", async () => {
    await using elsewhere = await startServer((exchange) => reply(exchange, 200, {}, '{"token":"t"}'));
    await using tokens = await startServer((exchange) =>
      reply(exchange, 307, { location: `${elsewhere.origin}/token` }),
    );
    await using server = await startStrictRegistry({ auth: { ...bearer, realm: `${tokens.origin}/token` } });
    await assert.rejects(pullAll(server.host, asAlice), expectedError("UNAVAILABLE", /gave no token/));
    assert.equal(elsewhere.log.length, 0);
  });

  test("faults/17: challenges of every shape are read, and one of a megabyte is not", async () => {
    const read = (text: string) =>
      parseChallenges([text]).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
    assert.deepEqual(read('bearer realm="https://a/\\"x",service="s t",scope="repository:a:pull,push",extra=1'), [
      ["bearer", { realm: 'https://a/"x', service: "s t", scope: "repository:a:pull,push", extra: "1" }],
    ]);
    assert.deepEqual(read('Basic realm="a, b", Bearer realm="c",realm="d"'), [
      ["basic", { realm: "a, b" }],
      ["bearer", { realm: "c" }],
    ]);
    assert.deepEqual(read("Negotiate, BASIC realm=x"), [
      ["negotiate", {}],
      ["basic", { realm: "x" }],
    ]);
    assert.deepEqual(read(`Bearer realm="${"x".repeat(1_000_000)}"`), []);
    assert.deepEqual(read('="'), []);
    await using server = await startStrictRegistry();
    server.inject(on("GET", /manifests/), (exchange) =>
      replyProblem(exchange, 401, "UNAUTHORIZED", { "www-authenticate": `Bearer realm="${"x".repeat(1_000_000)}"` }),
    );
    await assert.rejects(pullAll(server.host), expectedError("UNAVAILABLE", /header of its answer is too large/));
  });

  test("faults/18: a token of any spelling is used; none, or one of two megabytes, is refused", async () => {
    let body = "";
    await using tokens = await startServer((exchange) =>
      reply(exchange, 200, { "content-type": "application/json" }, body),
    );
    await using server = await startServer((exchange) => {
      const realm = `Bearer realm="${tokens.origin}/token",service="s"`;
      const authorized = exchange.request.headers.authorization === "Bearer good";
      return authorized
        ? replyProblem(exchange, 404, "MANIFEST_UNKNOWN")
        : replyProblem(exchange, 401, "UNAUTHORIZED", { "www-authenticate": realm });
    });
    for (const expires of [
      "",
      ',"expires_in":0',
      ',"expires_in":-5',
      ',"expires_in":"300"',
      ',"expires_in":{}',
      ',"expires_in":1e300',
    ]) {
      for (const key of ["token", "access_token"]) {
        body = `{"${key}":"good"${expires}}`;
        await assert.rejects(pullAll(server.host), expectedError("NOT_FOUND"), body);
      }
    }
    for (const none of ["{}", '{"token":""}', '{"token":null}']) {
      body = none;
      await assert.rejects(
        pullAll(server.host),
        expectedError("DENIED", /there is none in its answer/, /log in/),
        none,
      );
    }
    for (const bad of ["[]", '{"token":1}', '{"token":"a\\nb"}', "<html>", `{"token":"${"x".repeat(2_000_000)}"}`]) {
      body = bad;
      await assert.rejects(pullAll(server.host), expectedError("CORRUPT", /token/), bad.slice(0, 40));
    }
  });

  test("faults/08: a token with a content coding is refused", async () => {
    await using tokens = await startServer((exchange) => reply(exchange, 200, { "content-encoding": "gzip" }, "x"));
    await using server = await startStrictRegistry({ auth: { ...bearer, realm: `${tokens.origin}/token` } });
    await assert.rejects(pullAll(server.host, asAlice), expectedError("CORRUPT", /content coding/));
  });

  test("faults/18: tokens that are good for two requests each carry a whole push", async () => {
    await using server = await startStrictRegistry({ auth: { ...bearer, uses: 2 } });
    const { place, root } = randomImage([1_000_000, 10]);
    await using target = await openTo(server.host, asAlice);
    await copy(place.source("app"), target, { jobs: 1 });
    assert.equal(server.repository("app").tags.get("1"), root.digest);
    assert.ok(
      server.log.some(({ method, status }) => (method === "PUT" || method === "PATCH") && status === 401),
      "some token expired under an upload",
    );
  });

  test("faults/18: a token is renewed before it expires", async () => {
    await using server = await startStrictRegistry({ auth: { ...bearer, expiresIn: 60 } });
    hostImage(server);
    const environment = testEnvironment();
    await using source = await openFrom(server.host, { ...asAlice, environment });
    const root = await source.resolve();
    await environment.wait(55_000, undefined);
    await source.manifest({ ...root, digest: root.digest, size: root.size });
    const { layers } = hostImage(server);
    for await (const _ of source.blob(layers[0] ?? root));
    assert.equal(server.log.filter(({ path }) => path.startsWith("/token")).length, 2);
    assert.equal(server.log.filter(({ status }) => status === 401).length, 1);
  });

  for (const [name, auth, credentials] of [
    ["basic", { kind: "basic", username: "alice", password: "s3cret" }, alice],
    ["a token by GET", bearer, alice],
    ["a token by form", { ...bearer, onlyForm: true }, alice],
    ["an identity token", { ...bearer, identityToken: "refresh" }, { kind: "identity-token", token: "refresh" }],
    ["an anonymous token", { kind: "bearer" }, undefined],
  ] as const) {
    test(`an image is pulled with ${name}`, async () => {
      await using server = await startStrictRegistry({ auth });
      const { root } = hostImage(server);
      const pulled = await pullAll(server.host, { registry: { keychain: anybody(credentials) } });
      assert.equal(pulled.names.get("app")?.digest, root.digest);
    });
  }

  test("faults/19: a registry that never takes a fresh token is DENIED after one", async () => {
    await using server = await startStrictRegistry({ auth: { ...bearer, uses: 0 } });
    await assert.rejects(pullAll(server.host, asAlice), expectedError("DENIED", /401/, /log in/));
    assert.equal(server.log.filter(({ path }) => path.startsWith("/token")).length, 1);
    assert.equal(server.log.filter(({ path }) => path.includes("manifests")).length, 2);
  });

  test("faults/19: 403 without a body is DENIED, 404 to a user without credentials NOT_FOUND", async () => {
    await using server = await startStrictRegistry();
    server.inject(on("GET", /manifests/), (exchange) => reply(exchange, 403));
    await assert.rejects(pullAll(server.host), expectedError("DENIED", /403/));
    server.inject(on("GET", /manifests/), (exchange) => reply(exchange, 404));
    await assert.rejects(pullAll(server.host), expectedError("NOT_FOUND", /404/));
  });

  test("credentials go over HTTP to this machine alone, unless that is asked for", async () => {
    await using server = await startStrictRegistry({
      auth: { kind: "basic", username: "alice", password: "s3cret" },
      address: "127.0.0.2",
      hostname: "registry.test",
    });
    const { root } = hostImage(server);
    const options = (host: object) => ({
      environment: testEnvironment({ names: { "registry.test": [["127.0.0.2"]] } }),
      registry: { keychain: anybody(alice), host },
    });
    await assert.rejects(
      pullAll(server.host, options({ verifyTls: false })),
      expectedError("DENIED", /not sent over HTTP/, /--plain-http/),
    );
    assert.ok(server.log.every(({ headers }) => headers["authorization"] === undefined));
    const pulled = await pullAll(server.host, options({ plainHttp: true }));
    assert.equal(pulled.names.get("app")?.digest, root.digest);
  });
});

/** A helper that is a shell script. */
function helper(folder: string, name: string, script: string): void {
  const path = join(folder, `docker-credential-${name}`);
  writeFileSync(path, `#!/bin/sh\nread server\n${script}\n`);
  chmodSync(path, 0o755);
}

function keychainOf(folder: string, config: object | string, mode = 0o600) {
  const file = join(folder, "auth.json");
  writeFileSync(file, typeof config === "string" ? config : JSON.stringify(config));
  chmodSync(file, mode);
  const { events, progress } = listening();
  const environment = testEnvironment({ variables: { PATH: `${folder}:${process.env["PATH"]}` } });
  return { events, keychain: fileKeychain({ authFile: file, progress, environment }) };
}

describe("credential helpers and files", () => {
  test("faults/65: a helper's credentials are used, an identity token among them", () =>
    withScratch(async (folder) => {
      helper(
        folder,
        "good",
        'echo "{\\"ServerURL\\":\\"https://$server/v1\\",\\"Username\\":\\"alice\\",\\"Secret\\":\\"s3cret\\"}"',
      );
      helper(folder, "token", 'echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"refresh\\"}"');
      helper(folder, "none", "echo 'credentials not found in native keychain'; exit 1");
      const { keychain } = keychainOf(folder, {
        credHelpers: { "https://a.test/v1/": "good", "b.test": "token", "c.test": "none" },
        credsStore: "good",
      });
      assert.deepEqual(await keychain.credentials("a.test"), alice);
      assert.deepEqual(await keychain.credentials("b.test"), { kind: "identity-token", token: "refresh" });
      assert.deepEqual(await keychain.credentials("other.test", "team/app"), alice);
    }));

  test("faults/65: that a helper has no credentials is not a failure", () =>
    withScratch(async (folder) => {
      helper(folder, "none", "echo 'credentials not found in native keychain'; exit 1");
      const { keychain } = keychainOf(folder, { credsStore: "none", auths: { "a.test": {} } });
      assert.equal(await keychain.credentials("a.test"), undefined);
    }));

  test("faults/65: a helper that is missing, fails, prints garbage or without end is DENIED, and what it printed is not told", () =>
    withScratch(async (folder) => {
      helper(folder, "fails", "echo secret-text; echo secret-text >&2; exit 1");
      helper(folder, "garbage", "echo secret-text");
      helper(folder, "partial", 'echo \'{"Username":"secret-text"}\'');
      helper(folder, "endless", "while :; do echo secret-text-secret-text-secret-text-secret-text; done");
      for (const name of ["missing", "fails", "garbage", "partial", "endless", "../../bin/sh", ""]) {
        const { keychain } = keychainOf(folder, { credHelpers: { "a.test": name || " " } });
        await assert.rejects(keychain.credentials("a.test"), (error) => {
          expectedError("DENIED", /credential helper/)(error);
          assert.ok(!JSON.stringify([error, String(error)]).includes("secret-text"));
          return true;
        });
      }
    }));

  test("faults/66: a file that is not JSON is USAGE, and its text is not told", () =>
    withScratch(async (folder) => {
      for (const text of [
        '{"auths":{"a.test":{"auth":"c2VjcmV0',
        '["x"]',
        '{"auths":{"a.test":{"auth":"bm9jb2xvbg=="}}}',
      ]) {
        const { keychain } = keychainOf(folder, text);
        await assert.rejects(keychain.credentials("a.test"), (error) => {
          expectedError("USAGE", /auth\.json/)(error);
          assert.ok(!String(error).includes("c2Vj"));
          return true;
        });
      }
    }));

  test("faults/66: a file that others may read is warned of, once", () =>
    withScratch(async (folder) => {
      const auth = Buffer.from("alice:s3cret").toString("base64");
      const { keychain, events } = keychainOf(folder, { auths: { "a.test": { auth } } }, 0o644);
      assert.deepEqual(await keychain.credentials("a.test"), alice);
      assert.deepEqual(await keychain.credentials("a.test"), alice);
      assert.deepEqual(
        events.map((event) => event.type === "warning" && event.code),
        ["AUTH_FILE_MODE"],
      );
    }));

  test("faults/66: the nearest key wins: repository, namespace, host, older spellings; also without `auth`", () =>
    withScratch(async (folder) => {
      const entry = (username: string) => ({ auth: Buffer.from(`${username}:p`).toString("base64") });
      const { keychain } = keychainOf(folder, {
        auths: {
          "a.test": entry("host"),
          "a.test/team": entry("team"),
          "a.test/team/app": entry("app"),
          "https://b.test/v1/": entry("old"),
          "https://index.docker.io/v1/": entry("hub"),
          "c.test": { username: "plain", password: "p" },
          "d.test": { identitytoken: "refresh" },
          "a.tes": entry("prefix"),
        },
      });
      const who = async (host: string, repository?: string) => {
        const credentials = await keychain.credentials(host, repository);
        return credentials?.kind === "password" ? credentials.username : credentials?.kind;
      };
      assert.equal(await who("a.test", "team/app"), "app");
      assert.equal(await who("a.test", "team/other"), "team");
      assert.equal(await who("a.test", "teams/app"), "host");
      assert.equal(await who("b.test", "x"), "old");
      for (const name of ["docker.io", "index.docker.io", "registry-1.docker.io"])
        assert.equal(await who(name, "library/x"), "hub");
      assert.equal(await who("c.test"), "plain");
      assert.equal(await who("d.test"), "identity-token");
      assert.equal(await who("a.test.evil", "team/app"), undefined);
    }));

  test("docker's oldest file is read last, changed in its own form, and taken where it is named", () =>
    withScratch(async (folder) => {
      const path = join(folder, ".dockercfg");
      const encoded = Buffer.from("old:pass").toString("base64").replace(/=+$/, "");
      const content = { "https://a.test/v1/": { auth: encoded, email: "a@b.test" }, "c.test": { auth: encoded } };
      writeFileSync(path, JSON.stringify(content), { mode: 0o600 });
      const environment = testEnvironment({ home: folder, variables: {} });
      for (const authFile of [undefined, path]) {
        const found = await fileKeychain({ environment, authFile }).credentials("a.test", "team/app");
        assert.deepEqual(found, { kind: "password", username: "old", password: "pass" });
      }
      assert.deepEqual((await logOut("a.test", {}, environment)).places, [path]);
      assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), { "c.test": { auth: encoded } });
    }));

  test("of a file of credentials nothing is passed over in silence, and null is nothing", () =>
    withScratch(async (folder) => {
      const path = join(folder, "auth.json");
      const ask = async (text: string) => {
        writeFileSync(path, text, { mode: 0o600 });
        return await fileKeychain({ authFile: path, environment: testEnvironment({ home: folder }) }).credentials(
          "a.test",
        );
      };
      for (const text of [
        '{"auths":null}',
        '{"auths":{"a.test":null},"credHelpers":null}',
        '{"auths":{"a.test":{}}}',
        "",
      ])
        assert.equal(await ask(text), undefined, text);
      for (const text of [
        '{"auths":[]}',
        '{"auths":"x"}',
        '{"credHelpers":7}',
        '{"auths":{"a.test":"x"}}',
        '{"kind":"Secret"}',
      ])
        await assert.rejects(ask(text), expectedError("USAGE", /cannot be used: /, /--authfile/), text);
      assert.equal((await ask('\uFEFF{"auths":{"a.test":{"auth":"YTpi"}}}'))?.kind, "password");
    }));

  test("podman's file is asked before docker's, and a file that is named is the only one", () =>
    withScratch(async (folder) => {
      const entry = (username: string) =>
        JSON.stringify({ auths: { "a.test": { auth: Buffer.from(`${username}:p`).toString("base64") } } });
      mkdirSync(join(folder, ".docker"));
      mkdirSync(join(folder, "run/containers"), { recursive: true });
      writeFileSync(join(folder, ".docker/config.json"), entry("docker"), { mode: 0o600 });
      const who = async (variables: Record<string, string>, authFile?: string) => {
        const environment = testEnvironment({ home: folder, variables });
        const credentials = await fileKeychain({ environment, authFile }).credentials("a.test");
        return credentials?.kind === "password" ? credentials.username : undefined;
      };
      assert.equal(await who({}), "docker");
      writeFileSync(join(folder, "run/containers/auth.json"), entry("podman"), { mode: 0o600 });
      assert.equal(await who({ XDG_RUNTIME_DIR: join(folder, "run") }), "podman");
      assert.equal(await who({}, join(folder, "absent.json")), undefined);
      assert.deepEqual(await singleCredentials("docker.io", alice).credentials("index.docker.io"), alice);
    }));

  test("faults/65: a file of credentials that is named and is not there is an error, but login may make it", () =>
    withScratch(async (folder) => {
      await using server = await startStrictRegistry();
      hostImage(server);
      const authFile = join(folder, "absent.json");
      const pull = (registry: RegistryOptions, environment = testEnvironment()) =>
        pullAll(server.host, { registry, environment });
      const absent = expectedError("USAGE", /absent\.json" cannot be used: there is no such file/, /--no-creds/);
      await assert.rejects(pull({ authFile }), absent);
      assert.ok(await pull({}, testEnvironment({ variables: { REGISTRY_AUTH_FILE: authFile } })));
      assert.ok(await pull({ authFile, keychain: { credentials: async () => undefined } }));
      assert.equal((await findLogin(server.host, { registry: { authFile } })).username, undefined);
      await logIn(server.host, alice, { registry: { authFile } });
      assert.ok(await pull({ authFile }));
    }));
});
