import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseImageName, printImageName } from "../../../../../src/oci/image-name.js";
import { openSource } from "../../../../../src/transport/index.js";
import { containerdPlaces } from "../../../../../src/transport/registry/config/containerd-hosts.js";
import { expectedError } from "../../../../support/expected-error.js";
import { hostImage } from "../../../../support/registry/hosted-image.js";
import { startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";
import { scratchDirectory } from "../../../../support/scratch.js";

const scratch = scratchDirectory();
let folders = 0;

/** The directories of hosts with their files. */
function directoryOf(files: Readonly<Record<string, string>>): string {
  folders += 1;
  const directory = join(scratch, String(folders));
  mkdirSync(directory);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(directory, name, ".."), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

const ask = (name: string, files: Readonly<Record<string, string>>) =>
  containerdPlaces(parseImageName(name), [join(scratch, "none"), directoryOf(files)]);

async function placesOf(text: string, name = "registry.example/team/app:1") {
  const { places, skipped } = await ask(name, { "registry.example/hosts.toml": text });
  return { places, skipped, names: places.map((place) => printImageName(place.name)) };
}

test("without a directory for it, a registry is where its name says; on this machine no certificate is looked at", async () => {
  const { places } = await ask("registry.example/app:1", {});
  assert.deepEqual(places, [{ name: parseImageName("registry.example/app:1"), settings: {} }]);
  const { places: local } = await ask("localhost:5000/app:1", {});
  assert.deepEqual(local[0]?.settings, { verifyTls: false });
});

test("the folder of a registry is found by its port between underscores, by its name, and by default", async () => {
  for (const folder of ["registry.example_5000_", "registry.example:5000", "_default"]) {
    const { places } = await ask("registry.example:5000/app:1", {
      [`${folder}/hosts.toml`]: 'server = "https://other.example"',
    });
    assert.equal(places[0]?.name.host, "other.example", folder);
  }
  const { places } = await ask("registry.example:5000/app:1", {
    "registry.example/hosts.toml": 'server = "https://x.example"',
  });
  assert.equal(places[0]?.name.host, "registry.example:5000");
});

test("hosts come in their order, those that may not be pulled from are left out, and the server is the last", async () => {
  const { names, skipped, places } = await placesOf(`
server = "https://upstream.example"
[host."https://m1.example"]
  capabilities = ["pull"]
[host."http://m2.example:8080"]
  capabilities = ["pull", "resolve"]
[host."https://push.example"]
  capabilities = ["push"]
[host."https://proxied.example"]
  proxy = "http://proxy.example:3128"
[host."m3.example/v2"]
`);
  assert.deepEqual(names, [
    "m1.example/team/app:1",
    "m2.example:8080/team/app:1",
    "m3.example/team/app:1",
    "upstream.example/team/app:1",
  ]);
  assert.deepEqual(places[1]?.settings, { plainHttp: true, namespace: "registry.example" });
  assert.match(
    skipped.join("\n"),
    /push\.example has not the capability pull\n.*proxied\.example is reached through a proxy/,
  );
});

test("a proxy of registries has the image in a repository of its own; another path cannot be asked", async () => {
  const { names, skipped } = await placesOf(`
[host."https://harbor.example/v2/hub"]
  override_path = true
[host."https://elsewhere.example/registry"]
[host."https://odd.example/api"]
  override_path = true
`);
  assert.deepEqual(names, ["harbor.example/hub/team/app:1", "registry.example/team/app:1"]);
  assert.equal(skipped.length, 2);
  const hub = await ask("docker.io/library/bash:1", {
    "docker.io/hosts.toml": 'server = "https://registry-1.docker.io"',
  });
  assert.deepEqual(hub.places, [{ name: parseImageName("bash:1"), settings: {} }]);
});

test("certificates, headers and skip_verify are those of their host; what makes no sense is refused with its line", async () => {
  const files = {
    "registry.example/hosts.toml":
      'skip_verify = true\nca = ["a.crt", "b.crt"]\nclient = [["c.cert", "c.key"]]\n[header]\n  X-One = "1"\n  x-two = ["2", "3"]\n',
    "registry.example/a.crt": "A",
    "registry.example/b.crt": "B",
    "registry.example/c.cert": "C",
    "registry.example/c.key": "K",
  };
  const { places } = await ask("registry.example/app:1", files);
  const { certificateAuthority, clientCertificate, clientKey, ...settings } = places[0]?.settings ?? {};
  assert.equal(Buffer.from(certificateAuthority ?? []).toString(), "A\nB\n");
  assert.deepEqual([String(clientCertificate), String(clientKey)], ["C", "K"]);
  assert.deepEqual(settings, { verifyTls: false, headers: { "x-one": "1", "x-two": "2, 3" } });

  const { places: plain } = await ask("registry.example/app:1", { "registry.example/a.crt": "A" });
  assert.match(plain[0]?.settings.certificateDirectory ?? "", /registry\.example$/);

  for (const [text, message] of [
    ["server = [", /containerd's file ".*hosts\.toml" cannot be used: it is not TOML/],
    ["server = 1", /hosts\.toml", line 1: server is not a string/],
    ["ca = 1", /line 1: ca is not the name of a file/],
    ['capabilities = "pull"', /line 1: capabilities is not a list of strings/],
    ['client = ["a", "b"]', /client names several client certificates/],
    ["[header]\nx = 1", /header has a header that is not a string/],
    ["host = 1", /line 1: host is not a table/],
  ] as const) {
    await assert.rejects(placesOf(text), expectedError("USAGE", message), text);
  }
  await assert.rejects(placesOf('ca = "none.crt"'), expectedError("NOT_FOUND", /none\.crt/));
});

test("a mirror is told whose image is meant and gets its headers, and no other port gets either", async () => {
  await using server = await startStrictRegistry({});
  hostImage(server, "team/app:1");
  const { places } = await placesOf(
    `[host."http://${server.host}"]\n[host."http://${server.host}".header]\n  x-mirror = "word"\n`,
  );
  const [mirror] = places;
  assert.ok(mirror);
  const registry = { host: mirror.settings, registriesConf: { kind: "none" } } as const;
  await using source = await openSource(`docker://${printImageName(mirror.name)}`, { registry });
  await source.resolve();
  const asked = server.log.at(-1);
  assert.equal(asked?.path, "/v2/team/app/manifests/1?ns=registry.example");
  assert.equal(asked?.headers["x-mirror"], "word");
});
