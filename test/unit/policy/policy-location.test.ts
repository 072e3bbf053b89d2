import assert from "node:assert/strict";
import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openSource } from "../../../src/doors/transport.js";
import { parseImageName } from "../../../src/oci/image-name.js";
import { matchScope } from "../../../src/policy/match-scope.js";
import { parsePolicy } from "../../../src/policy/policy-json.js";
import { isScope, policyLocation } from "../../../src/policy/policy-location.js";
import { claimedName, policySubject } from "../../../src/policy/subject.js";
import { nameScopes, pathScopes } from "../../../src/transport/scopes-of-image.js";
import { expectedError } from "../../support/expected-error.js";
import { writeImage } from "../../support/images/layout-image.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = realpathSync(scratchDirectory());
const digest = `sha256:${"ab".repeat(32)}`;

const named: readonly (readonly [reference: string, scopes: readonly string[]])[] = [
  [
    "registry.example.test:5000/team/a/app:v1",
    [
      "registry.example.test:5000/team/a/app:v1",
      "registry.example.test:5000/team/a/app",
      "registry.example.test:5000/team/a",
      "registry.example.test:5000/team",
      "registry.example.test:5000",
      "*.example.test",
      "*.test",
      "",
    ],
  ],
  [
    "busybox",
    ["docker.io/library/busybox:latest", "docker.io/library/busybox", "docker.io/library", "docker.io", "*.io", ""],
  ],
  ["localhost/app:v1", ["localhost/app:v1", "localhost/app", "localhost", ""]],
  ["a.test/app:v1", ["a.test/app:v1", "a.test/app", "a.test", "*.test", ""]],
  [`a.test/app@${digest}`, [`a.test/app@${digest}`, "a.test/app", "a.test", "*.test", ""]],
];

for (const [reference, scopes] of named) {
  test(`the scopes of ${reference} go from the whole name to the domains above its host`, () => {
    assert.deepEqual(policyLocation("docker", nameScopes, { name: parseImageName(reference) }).scopes, scopes);
  });
}

test("a name with tag and digest is looked up by its digest, as podman has it", () => {
  const [first] = nameScopes.of({ name: parseImageName(`a.test/app:v1@${digest}`) });
  assert.equal(first, `a.test/app@${digest}`);
});

test("the scopes of a path are its parents without the root, and the links of the path are followed", async () => {
  mkdirSync(join(scratch, "real"));
  symlinkSync(join(scratch, "real"), join(scratch, "link"));
  const reference = `oci:${join(scratch, "link", "images")}:app`;
  await writeImage(reference, [1]);
  await using source = await openSource(reference);
  const { scopes } = policySubject({ reference, source }).location;
  assert.equal(scopes[0], join(scratch, "real", "images"));
  assert.equal(scopes[1], join(scratch, "real"));
  assert.equal(scopes.at(-1), "");
  assert.ok(!scopes.includes("/"));
});

for (const [transport, good, bad] of [
  ["docker", ["a.test/app:v1", "*.test"], []],
  ["oci", ["/srv/images"], ["srv/images", "/", "/srv/", "/srv/../images"]],
  ["oci-archive", ["/srv/app.tar"], ["app.tar"]],
  ["dir", ["/srv/app"], ["app"]],
  ["sif", ["/srv/app.sif"], ["app.sif"]],
  ["docker-archive", [], ["/srv/app.tar", "app"]],
  ["tarball", [], ["/srv/app.tar"]],
  ["docker-daemon", ["a.test/app:v1"], [digest]],
  ["atomic", ["anything"], []],
  ["of-nobody", ["anything"], []],
] as const) {
  test(`what can be a scope of ${transport}: containers-policy.json(5)`, () => {
    assert.ok(isScope(transport, ""));
    for (const scope of good) assert.ok(isScope(transport, scope), scope);
    for (const scope of bad) assert.ok(!isScope(transport, scope), scope);
  });
}

test("a reference of an unknown transport is refused before any policy is asked", () => {
  for (const reference of ["nfs://a/app", "s3://bucket/app:1", "docker-daemon:app:1", "containers-storage:app"]) {
    const source = { place: "oci:/srv" };
    assert.throws(() => policySubject({ reference, source }), expectedError("USAGE", /unknown transport/), reference);
    assert.throws(() => claimedName(reference), expectedError("USAGE", /unknown transport/), reference);
  }
});

test("a name that is not an image name is refused, and not checked by the entry for all names", () => {
  for (const reference of ["docker://A b", "Not:a:name"]) {
    assert.throws(() => policySubject({ reference, source: { place: "" } }), expectedError("USAGE"), reference);
  }
});

test("only whole components of a path or a name are scopes", () => {
  const accept = [{ type: "insecureAcceptAnything" }];
  const policy = parsePolicy(
    Buffer.from(
      JSON.stringify({
        default: [{ type: "reject" }],
        transports: { docker: { "a.test/te": accept, "est:5000": accept }, dir: { "/srv/im": accept } },
      }),
    ),
    "policy.json",
  );
  const team = policyLocation("docker", nameScopes, { name: parseImageName("a.test/team/app:v1") });
  const directory = (path: string) => policyLocation("dir", pathScopes, { path });
  assert.equal(matchScope(policy, team).name, "default");
  assert.equal(matchScope(policy, directory("/srv/images")).name, "default");
  assert.equal(matchScope(policy, directory("/srv/im/one")).name, 'transports.dir["/srv/im"]');
});
