import assert from "node:assert/strict";
import { test } from "node:test";
import { type ChoiceOptions, chooseImage } from "../../../../src/copy/plan/choose-image.js";
import { digestOf } from "../../../../src/oci/digest.js";
import { inPreference, parsePlatform, platformMatches } from "../../../../src/oci/platform.js";
import { expectedError } from "../../../support/expected-error.js";

function images(...platforms: readonly string[]) {
  return platforms.map((text, index) => ({
    descriptor: { mediaType: "m", digest: digestOf(Buffer.from(`${index} ${text}`)), size: 1 },
    platform: parsePlatform(text),
  }));
}

function chosen(offered: ReturnType<typeof images>, wanted: string, options: Partial<ChoiceOptions> = {}): number {
  return offered.indexOf(chooseImage(offered, { name: "image", wanted: parsePlatform(wanted), ...options }));
}

test("of two images for one platform the first is taken, with a warning that names the others by digest", () => {
  const offered = images("linux/s390x", "linux/amd64", "linux/amd64");
  const said: string[] = [];
  const at = chosen(offered, "linux/amd64", {
    progress: (event) => event.type === "warning" && said.push(event.message),
  });
  assert.equal(at, 1);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", new RegExp(`first of 2 .*${offered[2]?.descriptor.digest}`));
  assert.equal(chosen(images("linux/s390x", "linux/s390x"), "linux/amd64"), 0);
});

test("variants are taken in the order in which a machine prefers them", () => {
  const order = (wanted: string, offered: string[]) =>
    inPreference(parsePlatform(wanted), images(...offered)).map(({ platform }) => platform.variant);
  assert.deepEqual(order("linux/arm", ["linux/arm/v5", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6"]), [
    "v7",
    "v6",
    "v5",
    "v8",
  ]);
  assert.deepEqual(order("linux/amd64", ["linux/amd64/v3", "linux/amd64"]), [undefined, "v3"]);
  assert.deepEqual(order("linux/arm/v6", ["linux/arm/v7", "linux/arm/v6"]), ["v6"]);
});

test("Windows images are told apart by the beginning of their version", () => {
  const offered = images("windows(10.0.17763.1)/amd64", "windows(10.0.20348.5)/amd64");
  assert.equal(chosen(offered, "windows(10.0.20348)/amd64"), 1);
  assert.equal(chosen(offered, "windows/amd64"), 0);
  assert.equal(
    platformMatches(parsePlatform("windows(10.0.2)/amd64"), parsePlatform("windows(10.0.20348)/amd64")),
    false,
  );
  assert.throws(() => parsePlatform("windows(x)/amd64"), expectedError("USAGE"));
});

test("an image that is meant and absent is not replaced by another", () => {
  const [there, gone] = images("linux/s390x", "linux/amd64");
  assert.ok(there && gone);
  const options = { absent: [gone] };
  assert.throws(
    () => chosen([there], "linux/amd64", options),
    expectedError("NOT_FOUND", /linux\/amd64/, /linux\/s390x/),
  );
  assert.throws(
    () => chosen([there], "linux/ppc64le", options),
    expectedError("USAGE", /./, /linux\/s390x; named and not there: linux\/amd64/),
  );
});

test("where nothing that is named is there, that is what is missing, and not a choice", () => {
  const absent = images("linux/s390x", "linux/ppc64le");
  for (const wanted of ["linux/s390x", "linux/riscv64"]) {
    const none = expectedError("NOT_FOUND", /linux\/s390x/);
    assert.throws(() => chosen([], wanted, { absent }), none);
  }
  const all = expectedError("NOT_FOUND", /^image names linux\/s390x, linux\/ppc64le, and has none of them$/);
  assert.throws(() => chosen([], "linux/riscv64", { absent }), all);
  assert.throws(() => chosen([], "linux/riscv64"), expectedError("USAGE", /for 0 platforms/));
});

test("an image that alone fits is taken without a word", () => {
  const said: unknown[] = [];
  const progress = (event: unknown) => void said.push(event);
  assert.equal(chosen(images("linux/s390x", "linux/amd64"), "linux/amd64", { progress }), 1);
  assert.equal(chosen(images("linux/s390x"), "linux/amd64", { progress }), 0);
  assert.throws(
    () => chosen(images("linux/s390x", "linux/arm64"), "linux/amd64", { progress }),
    expectedError("USAGE"),
  );
  assert.deepEqual(said, []);
});
