import assert from "node:assert/strict";
import { test } from "node:test";
import { OciEncError } from "../../../src/errors.js";
import { parsePlatform, platformMatches, printPlatform } from "../../../src/oci/platform.js";

test("platforms are read with their usual other spellings", () => {
  assert.equal(printPlatform(parsePlatform("linux/x86_64")), "linux/amd64");
  assert.equal(printPlatform(parsePlatform("Linux/aarch64/8")), "linux/arm64/v8");
  assert.match(printPlatform(parsePlatform("local")), /^[a-z0-9]+\/[a-z0-9]+$/);
  for (const text of ["", "linux", "linux/", "a/b/c/d", "linux/amd 64"]) {
    assert.throws(
      () => parsePlatform(text),
      (error) => error instanceof OciEncError && error.code === "USAGE",
    );
  }
});

test("a variant matters only where it is asked for, and arm64 is v8", () => {
  const matches = (wanted: string, offered: string) => platformMatches(parsePlatform(wanted), parsePlatform(offered));
  assert.ok(matches("linux/arm64", "linux/arm64/v8"));
  assert.ok(matches("linux/arm64/v8", "linux/arm64"));
  assert.ok(matches("linux/arm/v7", "linux/arm"));
  assert.ok(!matches("linux/arm/v6", "linux/arm/v7"));
  assert.ok(!matches("linux/amd64", "linux/arm64"));
  assert.ok(!matches("windows/amd64", "linux/amd64"));
});
