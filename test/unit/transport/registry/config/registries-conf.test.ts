import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseImageName, printImageName } from "../../../../../src/oci/image-name.js";
import {
  isInsecure,
  placeImage,
  shortNameCandidates,
} from "../../../../../src/transport/registry/config/registries-conf.js";
import { readRegistriesConf } from "../../../../../src/transport/registry/config/registries-conf-files.js";
import { expectedError } from "../../../../support/expected-error.js";
import { hostImage } from "../../../../support/registry/hosted-image.js";
import { testEnvironment } from "../../../../support/registry/registry-endpoint.js";
import { openFrom, openTo } from "../../../../support/registry/registry-ends.js";
import { withScratch } from "../../../../support/registry/registry-files.js";
import { startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";

const text = `
unqualified-search-registries = ["one.test", "two.test"]
short-name-mode = "enforcing"
[aliases]
"bash" = "docker.io/library/bash"
[[registry]]
prefix = "a.test/team"
location = "b.test/other/team"
insecure = true
[[registry.mirror]]
location = "m1.test/x"
[[registry.mirror]]
location = "m2.test"
insecure = true
pull-from-mirror = "digest-only"
[[registry]]
location = "a.test"
[[registry]]
prefix = "*.wild.test"
location = "inside.test/cache"
[[registry]]
location = "bad.test"
blocked = true
`;

function conf(use: (conf: Awaited<ReturnType<typeof readRegistriesConf>>) => void) {
  return withScratch(async (folder) => {
    writeFileSync(join(folder, "registries.conf"), text);
    use(await readRegistriesConf(join(folder, "registries.conf"), testEnvironment()));
  });
}

test("the longest prefix decides where an image is, and which mirrors are asked", () =>
  conf((read) => {
    const place = (name: string) => placeImage(parseImageName(name), read);
    const names = (name: string) =>
      [place(name).primary, ...place(name).mirrors].map((end) => printImageName(end.name));
    assert.deepEqual(names("a.test/team/app:1"), ["b.test/other/team/app:1", "m1.test/x/app:1"]);
    assert.deepEqual(names(`a.test/team/app@sha256:${"0".repeat(64)}`).length, 3);
    assert.deepEqual(names("a.test/teams/app:1"), ["a.test/teams/app:1"]);
    assert.deepEqual(names("x.wild.test/app:1"), ["inside.test/cache/app:1"]);
    assert.deepEqual(names("wild.test/app:1"), ["wild.test/app:1"]);
    assert.equal(place("a.test/team/app").primary.insecure, true);
    assert.equal(isInsecure({ host: "a.test", repository: "team/app" }, read), true);
    assert.throws(() => place("bad.test/app"), expectedError("DENIED", /blocked/));
  }));

test("a short name goes by its alias, else by the search registries; a name with a registry is itself", () =>
  conf((read) => {
    assert.deepEqual(shortNameCandidates("bash:5", read), ["docker.io/library/bash:5"]);
    assert.deepEqual(shortNameCandidates("tool", read), ["one.test/tool", "two.test/tool"]);
    assert.deepEqual(shortNameCandidates("team/tool:1", read), ["one.test/team/tool:1", "two.test/team/tool:1"]);
    for (const full of ["docker.io/bash", "localhost/x", "host:5000/x:1"])
      assert.deepEqual(shortNameCandidates(full, read), [full]);
  }));

test("keys count in any case, as they do for skopeo", () =>
  withScratch(async (folder) => {
    const file = join(folder, "registries.conf");
    writeFileSync(file, '[[Registry]]\nLocation = "bad.test"\nBlocked = true\n');
    const read = await readRegistriesConf(file, testEnvironment());
    assert.throws(() => placeImage(parseImageName("bad.test/app"), read), expectedError("DENIED", /blocked/));
  }));

test("drop-ins win over the file beside them, and the user's file over the system's", () =>
  withScratch(async (root) => {
    mkdirSync(join(root, "etc/containers/registries.conf.d"), { recursive: true });
    writeFileSync(join(root, "etc/containers/registries.conf"), text);
    writeFileSync(
      join(root, "etc/containers/registries.conf.d/10.conf"),
      '[[registry]]\nlocation = "bad.test"\n[aliases]\nbash = "z.test/bash"\n',
    );
    const read = await readRegistriesConf(undefined, testEnvironment({ root }));
    assert.equal(placeImage(parseImageName("bad.test/app"), read).primary.name.host, "bad.test");
    assert.deepEqual(shortNameCandidates("bash", read), ["z.test/bash"]);
    mkdirSync(join(root, "home/.config/containers"), { recursive: true });
    writeFileSync(join(root, "home/.config/containers/registries.conf"), "");
    const users = await readRegistriesConf(undefined, testEnvironment({ root, home: join(root, "home") }));
    assert.deepEqual(users.searchRegistries, []);
    assert.deepEqual((await readRegistriesConf(undefined, testEnvironment())).rules, []);
  }));

test("a file that is no TOML, of version 1 or malformed is USAGE, and one that was named and is missing NOT_FOUND", () =>
  withScratch(async (folder) => {
    const file = join(folder, "registries.conf");
    for (const bad of [
      "[[",
      "[registries.search]\nregistries = []\n",
      "[[registry]]\ninsecure = true\n",
      '[[registry]]\nlocation="a"\n[[registry.mirror]]\n',
      '[[registry]]\nlocation="a"\nblocked="true"\n',
      '[[registry]]\nlocation="a"\ninsecure="yes"\n',
      '[[registry]]\nlocation="a"\nmirror=["b"]\n',
      '[[registry]]\nlocation="https://a"\nblocked=true\n',
      '[[registry]]\nprefix="a b"\nblocked=true\n',
      "[[registry]]\nlocation=5\n",
      '[[registry]]\nlocation="/"\nblocked=true\n',
      '[registry]\nlocation="a"\n',
      'unqualified-search-registries = "a"\n',
      "[aliases]\nbash = 5\n",
    ]) {
      writeFileSync(file, bad);
      await assert.rejects(readRegistriesConf(file, testEnvironment()), expectedError("USAGE", /registries\.conf/));
    }
    await assert.rejects(readRegistriesConf(join(folder, "absent"), testEnvironment()), expectedError("NOT_FOUND"));
  }));

test("an image is read from the first mirror that has it, and written to the registry itself", () =>
  withScratch(async (folder) => {
    await using empty = await startStrictRegistry();
    await using mirror = await startStrictRegistry();
    await using primary = await startStrictRegistry({ auth: { kind: "basic", username: "a", password: "b" } });
    const { root } = hostImage(mirror);
    const registriesConf = join(folder, "registries.conf");
    const mirrors = [empty, mirror].map(({ host }) => `[[registry.mirror]]\nlocation = "${host}"\n`).join("");
    writeFileSync(registriesConf, `[[registry]]\nprefix = "image.test"\nlocation = "${primary.host}"\n${mirrors}`);
    const registry = { registriesConf, credentials: { kind: "password", username: "a", password: "b" } as const };
    await using source = await openFrom("image.test", { registry });
    assert.equal((await source.resolve()).digest, root.digest);
    assert.equal(source.place, `docker://${mirror.host}/app`);
    assert.equal(primary.log.length, 0);
    await using target = await openTo("image.test", { registry });
    assert.equal(target.place, `docker://${primary.host}/app`);
    for (const { headers } of [...empty.log, ...mirror.log]) assert.equal(headers["authorization"], undefined);
  }));
