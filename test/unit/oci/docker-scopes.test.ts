import assert from "node:assert/strict";
import { test } from "node:test";
import { dockerScopes } from "../../../src/oci/docker-scopes.js";
import { parseImageName } from "../../../src/oci/image-name.js";

test("an image's scopes go from its whole name over its namespaces to the domains above its host", () => {
  assert.deepEqual(dockerScopes(parseImageName("a.example.test:5000/team/sub/app:1")), [
    "a.example.test:5000/team/sub/app:1",
    "a.example.test:5000/team/sub/app",
    "a.example.test:5000/team/sub",
    "a.example.test:5000/team",
    "a.example.test:5000",
    "*.example.test",
    "*.test",
  ]);
  assert.deepEqual(dockerScopes(parseImageName("localhost/app")), [
    "localhost/app:latest",
    "localhost/app",
    "localhost",
  ]);
  assert.equal(dockerScopes(parseImageName("bash"))[1], "docker.io/library/bash");
});

test("of tag and digest, the digest is in the first scope", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  assert.equal(dockerScopes(parseImageName(`a.test/app:1@${digest}`))[0], `a.test/app@${digest}`);
});
