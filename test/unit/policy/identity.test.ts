import assert from "node:assert/strict";
import { test } from "node:test";
import { type ImageName, parseImageName } from "../../../src/oci/image-name.js";
import { fits, isRemapPrefix, readReference, type SignedIdentity } from "../../../src/policy/identity.js";

const one = `sha256:${"ab".repeat(32)}`;
const two = `sha256:${"cd".repeat(32)}`;

/** Rule, name that was asked for, name that is signed. */
const cases: readonly (readonly [rule: SignedIdentity, asked: string | undefined, signed: string, fits: boolean])[] = [
  [{ type: "matchExact" }, "a.test/app:v1", "a.test/app:v1", true],
  [{ type: "matchExact" }, "a.test/app:v1", "a.test/app:v2", false],
  [{ type: "matchExact" }, "a.test/app:v1", "a.test/app", false],
  [{ type: "matchExact" }, `a.test/app@${one}`, `a.test/app@${one}`, true],
  [{ type: "matchExact" }, `a.test/app@${one}`, "a.test/app:v1", false],
  [{ type: "matchExact" }, "busybox:latest", "docker.io/library/busybox:latest", true],
  [{ type: "matchExact" }, "busybox", "busybox:latest", true],
  [{ type: "matchExact" }, "busybox", "busybox", false],
  [{ type: "matchExact" }, "busybox", "index.docker.io/busybox:latest", true],
  [{ type: "matchExact" }, "a.test/app:v1", `a.test/app:v1@${one}`, false],
  [{ type: "matchExact" }, "a.test/app:v1", "A.test/app:v1", false],
  [{ type: "matchExact" }, undefined, "a.test/app:v1", false],
  [{ type: "matchRepoDigestOrExact" }, "a.test/app:v1", "a.test/app:v1", true],
  [{ type: "matchRepoDigestOrExact" }, "a.test/app:v1", "a.test/app:v2", false],
  [{ type: "matchRepoDigestOrExact" }, "a.test/app:v1", `a.test/app@${one}`, false],
  [{ type: "matchRepoDigestOrExact" }, "a.test/app:v1", "a.test/app", false],
  [{ type: "matchRepoDigestOrExact" }, `a.test/app@${one}`, "a.test/app:v1", true],
  [{ type: "matchRepoDigestOrExact" }, `a.test/app@${one}`, `a.test/app@${two}`, true],
  [{ type: "matchRepoDigestOrExact" }, `a.test/app@${one}`, "a.test/app", false],
  [{ type: "matchRepoDigestOrExact" }, `a.test/app@${one}`, "a.test/other:v1", false],
  [{ type: "matchRepoDigestOrExact" }, undefined, "a.test/app:v1", false],
  [{ type: "matchRepository" }, "a.test/app:v1", "a.test/app:v2", true],
  [{ type: "matchRepository" }, "a.test/app:v1", "a.test/app", true],
  [{ type: "matchRepository" }, "a.test/app:v1", `a.test/app@${one}`, true],
  [{ type: "matchRepository" }, "a.test/app:v1", "a.test/app/more:v1", false],
  [{ type: "matchRepository" }, "a.test/app:v1", "a.test:443/app:v1", false],
  [{ type: "matchRepository" }, "a.test/app:v1", "not a name", false],
  [{ type: "matchRepository" }, "a.test/app:v1", "", false],
  [{ type: "matchRepository" }, undefined, "a.test/app:v1", false],
  [{ type: "exactReference", reference: name("a.test/app:v1") }, undefined, "a.test/app:v1", true],
  [{ type: "exactReference", reference: name("a.test/app:v1") }, "b.test/else:v9", "a.test/app:v1", true],
  [{ type: "exactReference", reference: name("a.test/app:v1") }, undefined, "a.test/app:v2", false],
  [{ type: "exactReference", reference: name("a.test/app:v1") }, undefined, "a.test/app", false],
  [{ type: "exactReference", reference: name("busybox:1") }, undefined, "docker.io/library/busybox:1", true],
  [{ type: "exactRepository", repository: name("a.test/app") }, undefined, "a.test/app:v7", true],
  [{ type: "exactRepository", repository: name("a.test/app") }, undefined, "a.test/app", true],
  [{ type: "exactRepository", repository: name("a.test/app") }, undefined, "a.test/app2:v1", false],
  [remap("b.test", "a.test"), "b.test/app:v1", "a.test/app:v1", true],
  [remap("b.test", "a.test"), "b.test/app:v1", "b.test/app:v1", false],
  [remap("b.test", "a.test"), "c.test/app:v1", "c.test/app:v1", true],
  [remap("b.test", "a.test"), "c.test/app:v1", "a.test/app:v1", false],
  [remap("b.test", "a.test"), "b.test:5000/app:v1", "a.test:5000/app:v1", false],
  [remap("b.test/mirror", "a.test"), "b.test/mirror/app:v1", "a.test/app:v1", true],
  [remap("b.test/mirror", "a.test"), "b.test/mirrors/app:v1", "a.tests/app:v1", false],
  [remap("b.test/mirror/app", "a.test/app"), "b.test/mirror/app:v1", "a.test/app:v1", true],
  [remap("b.test/mirror", "a.test"), "b.test/mirror:v1", "a.test:v1", false],
  [remap("b.test", "a.test"), `b.test/app@${one}`, "a.test/app:v3", true],
  [remap("b.test", "a.test"), "b.test/app:v1", "a.test/app:v2", false],
  [remap("b.test/library", "docker.io/library"), "b.test/library/busybox:1", "busybox:1", true],
  [remap("b.test", "short"), "b.test/app:v1", "short/app:v1", false],
  [remap("b.test", "a.test"), undefined, "a.test/app:v1", false],
  [{ type: "any" }, undefined, "whatever it says", true],
];

for (const [rule, asked, signed, expected] of cases) {
  const about = `${printed(rule)} ${expected ? "accepts" : "refuses"} a signature for "${shortened(signed)}"`;
  test(`${about} where "${shortened(asked ?? "no name")}" was asked for`, () => {
    assert.equal(fits(rule, asked === undefined ? undefined : parseImageName(asked), signed), expected);
  });
}

test("a name without a tag has none, and an image id is not a name", () => {
  assert.equal(name("a.test/latest").tag, undefined);
  assert.equal(name("busybox:latest").tag, "latest");
  assert.equal(name(`busybox:latest@${one}`).tag, "latest");
  assert.equal(name(`busybox@${one}`).tag, undefined);
  assert.equal(readReference("ab".repeat(32)), undefined);
});

test("a prefix is a host, or a host with the first parts of a repository", () => {
  for (const prefix of ["a.test", "a.test:5000", "localhost", "a.test/b", "a.test/b/c-d"])
    assert.ok(isRemapPrefix(prefix));
  for (const prefix of ["", "a.test/", "a.test/b:1", `a.test/b@${one}`, "a.test/B", "/b", "a b"]) {
    assert.ok(!isRemapPrefix(prefix), prefix);
  }
});

function name(text: string): ImageName {
  const read = readReference(text);
  assert.ok(read);
  return read;
}

function remap(prefix: string, signedPrefix: string): SignedIdentity {
  return { type: "remapIdentity", prefix, signedPrefix };
}

function printed(rule: SignedIdentity): string {
  return rule.type === "remapIdentity" ? `remapIdentity ${rule.prefix} to ${rule.signedPrefix}` : rule.type;
}

function shortened(text: string): string {
  return text.replace(/sha256:(.{4}).*/, "sha256:$1…");
}
