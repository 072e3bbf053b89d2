import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OciEncError } from "../../../src/errors.js";
import { parseImageName, printImageName } from "../../../src/oci/image-name.js";
import { expectedError } from "../../support/expected-error.js";

const digest = `sha256:${"a".repeat(64)}`;

test("names are completed as Docker completes them", () => {
  const cases: [string, string][] = [
    ["bash", "docker.io/library/bash:latest"],
    ["bash:5", "docker.io/library/bash:5"],
    ["user/app", "docker.io/user/app:latest"],
    ["index.docker.io/bash", "docker.io/library/bash:latest"],
    ["docker.io/library/bash:latest", "docker.io/library/bash:latest"],
    ["localhost/app", "localhost/app:latest"],
    ["localhost:5000/bash.enc:latest", "localhost:5000/bash.enc:latest"],
    ["registry.example/a/b/c", "registry.example/a/b/c:latest"],
    ["[::1]:5000/app:1", "[::1]:5000/app:1"],
    [`bash@${digest}`, `docker.io/library/bash@${digest}`],
    [`bash:5@${digest}`, `docker.io/library/bash:5@${digest}`],
  ];
  for (const [text, whole] of cases) assert.equal(printImageName(parseImageName(text)), whole);
});

test("what is not an image name is refused with USAGE", () => {
  for (const text of [
    "",
    "UPPER",
    "a//b",
    "a:",
    ":tag",
    "a@sha256:short",
    "a b",
    "a\n",
    "-a",
    "../x",
    `a@${digest}@${digest}`,
    "a:tag/x",
  ]) {
    assert.throws(
      () => parseImageName(text),
      (error) => error instanceof OciEncError && error.code === "USAGE",
      text,
    );
  }
});

test("a host is one that a URL can be made of, and a port is from 1 to 65535", () => {
  for (const host of ["localhost:1", "localhost:65535", "[::1]:05000", "127.0.0.1", "a.1b"])
    assert.equal(parseImageName(`${host}/app`).host, host);
  for (const host of ["localhost:0", "localhost:00", "localhost:65536", "[::1]:99999", "[:::]", "1.2.3.999", "a.1"])
    assert.throws(() => parseImageName(`${host}/app`), expectedError("USAGE", /image name/, /from 1 to 65535/), host);
});

test("any text is a name or a USAGE error, and a printed name is read back as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."ab1./:-_@AZ[]\n"), maxLength: 40 }), (text) => {
      try {
        const name = parseImageName(text);
        assert.deepEqual(parseImageName(printImageName(name)), name);
      } catch (error) {
        assert.ok(error instanceof OciEncError && error.code === "USAGE");
      }
    }),
    { numRuns: 5000 },
  );
});
