import assert from "node:assert/strict";
import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openSource } from "../../src/doors/transport.js";
import { parseImageName } from "../../src/oci/image-name.js";
import { entryFor, parsePolicy } from "../../src/policy/policy-json.js";
import { scopesOf } from "../../src/policy/scopes.js";
import { policySubject } from "../../src/policy/subject.js";
import { writeImage } from "../support/layout-image.js";
import { scratchDirectory } from "../support/scratch.js";

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
    assert.deepEqual(scopesOf({ transport: "docker", name: parseImageName(reference) }), scopes);
  });
}

test("a name with tag and digest is looked up by its digest, as podman has it", () => {
  const [first] = scopesOf({ transport: "docker", name: parseImageName(`a.test/app:v1@${digest}`) });
  assert.equal(first, `a.test/app@${digest}`);
});

test("the scopes of a path are its parents without the root, and the links of the path are followed", async () => {
  mkdirSync(join(scratch, "real"));
  symlinkSync(join(scratch, "real"), join(scratch, "link"));
  const reference = `oci:${join(scratch, "link", "images")}:app`;
  await writeImage(reference, [1]);
  await using source = await openSource(reference);
  const scopes = scopesOf(policySubject(reference, source).place);
  assert.equal(scopes[0], join(scratch, "real", "images"));
  assert.equal(scopes[1], join(scratch, "real"));
  assert.equal(scopes.at(-1), "");
  assert.ok(!scopes.includes("/"));
});

test("an archive of docker's and a transport without scopes have the empty one alone", () => {
  for (const transport of ["docker-archive", "tarball", "store"]) {
    assert.deepEqual(scopesOf({ transport, path: "/srv/app.tar" }), [""]);
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
  const team = { transport: "docker", name: parseImageName("a.test/team/app:v1") };
  assert.equal(entryFor(policy, team).name, "default");
  assert.equal(entryFor(policy, { transport: "dir", path: "/srv/images" }).name, "default");
  assert.equal(entryFor(policy, { transport: "dir", path: "/srv/im/one" }).name, 'transports.dir["/srv/im"]');
});
