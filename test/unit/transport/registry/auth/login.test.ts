import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findLogin, logIn, logOut, parseLoginTarget } from "../../../../../src/transport/registry/login.js";
import { expectedError } from "../../../../support/expected-error.js";
import { testEnvironment } from "../../../../support/registry/registry-endpoint.js";
import { withScratch } from "../../../../support/registry/registry-files.js";
import { startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";

const alice = { kind: "password", username: "alice", password: "s3cret" } as const;
const auth = { kind: "basic", username: "alice", password: "s3cret" } as const;
const encoded = Buffer.from("alice:s3cret").toString("base64");

test("a login is kept in docker's file, readable by its owner alone, and what else is there stays", () =>
  withScratch(async (home) => {
    await using server = await startStrictRegistry({ auth });
    const file = join(home, ".docker/config.json");
    mkdirSync(join(home, ".docker"));
    writeFileSync(
      join(home, "real.json"),
      JSON.stringify({ psFormat: "x", auths: { "other.test": { auth: "b3RoZXI6cA==" } } }),
      { mode: 0o644 },
    );
    symlinkSync("../real.json", file);
    const environment = testEnvironment({ home });
    const { places } = await logIn(server.host, alice, {}, environment);
    assert.deepEqual(places, [file]);
    const content = JSON.parse(readFileSync(join(home, "real.json"), "utf8"));
    assert.deepEqual(content, {
      psFormat: "x",
      auths: { "other.test": { auth: "b3RoZXI6cA==" }, [server.host]: { auth: encoded } },
    });
    assert.equal(statSync(join(home, "real.json")).mode & 0o777, 0o600);
    assert.equal((await findLogin(server.host, {}, environment)).username, "alice");
    assert.deepEqual((await logOut(server.host, {}, environment)).places, [file]);
    assert.equal((await findLogin(server.host, {}, environment)).username, undefined);
    await assert.rejects(logOut(server.host, {}, environment), expectedError("NOT_FOUND"));
  }));

test("a podman file that knows the registry is changed, too, since it counts before docker's", () =>
  withScratch(async (home) => {
    await using server = await startStrictRegistry({ auth });
    mkdirSync(join(home, "run/containers"), { recursive: true });
    const podman = join(home, "run/containers/auth.json");
    writeFileSync(podman, JSON.stringify({ auths: { [server.host]: { auth: "b2xkOnA=" } } }), { mode: 0o600 });
    const environment = testEnvironment({ home, variables: { XDG_RUNTIME_DIR: join(home, "run") } });
    assert.equal((await logIn(server.host, alice, {}, environment)).places.length, 2);
    assert.equal((await findLogin(server.host, {}, environment)).username, "alice");
  }));

test("credentials that the registry refuses are not kept", () =>
  withScratch(async (home) => {
    await using server = await startStrictRegistry({ auth });
    const environment = testEnvironment({ home });
    await assert.rejects(logIn(server.host, { ...alice, password: "x" }, {}, environment), expectedError("DENIED"));
    assert.equal((await findLogin(server.host, {}, environment)).username, undefined);
  }));

test("a login goes through the helper that is configured, and the password not into the file", () =>
  withScratch(async (home) => {
    await using server = await startStrictRegistry({ auth });
    const kept = join(home, "kept");
    const script = `case $1 in store) cat > ${kept};; get) [ -f ${kept} ] && cat ${kept} || { echo credentials not found; exit 1; };; erase) rm -f ${kept};; esac`;
    writeFileSync(join(home, "docker-credential-test"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(home, "docker-credential-test"), 0o755);
    mkdirSync(join(home, ".docker"));
    const file = join(home, ".docker/config.json");
    writeFileSync(file, JSON.stringify({ credsStore: "test" }));
    const environment = testEnvironment({ home, variables: { PATH: `${home}:${process.env["PATH"]}` } });
    assert.deepEqual((await logIn(server.host, alice, {}, environment)).places, ["docker-credential-test"]);
    assert.deepEqual(JSON.parse(readFileSync(kept, "utf8")), {
      ServerURL: server.host,
      Username: "alice",
      Secret: "s3cret",
    });
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { credsStore: "test", auths: { [server.host]: {} } });
    assert.equal((await findLogin(server.host, {}, environment)).username, "alice");
    assert.deepEqual((await logOut(server.host, {}, environment)).places, ["docker-credential-test"]);
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { credsStore: "test", auths: {} });
  }));

test("a place to log in to is a host, with a port or a repository, under any of its names", () => {
  assert.deepEqual(parseLoginTarget("https://index.docker.io/"), { host: "docker.io", repository: undefined });
  assert.deepEqual(parseLoginTarget("host.test:5000/team/app"), { host: "host.test:5000", repository: "team/app" });
  for (const bad of ["", "a b", "host/UPPER", "host:port", "host:0", "host:99999", "[:::]", "user@host"])
    assert.throws(() => parseLoginTarget(bad), expectedError("USAGE"), bad);
});
