import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseImageName } from "../../../../../src/oci/image-name.js";
import { readRegistriesD, signatureStorage } from "../../../../../src/transport/registry/config/registries-d.js";
import { expectedError } from "../../../../support/expected-error.js";
import { testEnvironment } from "../../../../support/registry/registry-endpoint.js";
import { withScratch } from "../../../../support/registry/registry-files.js";

/** Gives `use` what files of these contents say of an image. */
function withFiles(files: Readonly<Record<string, string>>, use: (of: PlaceOf) => Promise<void>): Promise<void> {
  return withScratch(async (folder) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    await use(async (name) => signatureStorage(await readRegistriesD(folder, testEnvironment()), parseImageName(name)));
  });
}

type PlaceOf = (name: string) => Promise<ReturnType<typeof signatureStorage>>;

test("each member comes from the most specific section that sets it", () =>
  withFiles(
    {
      "a.yaml": [
        "default-docker:",
        "  lookaside: https://default.test/s",
        "  use-sigstore-attachments: true",
        "docker:",
        "  a.test:",
        "    lookaside-staging: file:///staged",
        "  a.test/team:",
        "    lookaside: https://team.test/s",
        "    use-sigstore-attachments: false",
        "  a.test/team/app:1:",
        "    lookaside: https://one.test/s",
        "  '*.wild.test':",
        "    sigstore: https://wild.test/s",
      ].join("\n"),
      "b.yaml": "docker: { b.test: { sigstore-staging: 'file:///b', sigstore: 'https://b.test/s' } }",
      "c.txt": "this is no YAML file: [",
      "d.yaml": "# nothing but words",
    },
    async (of) => {
      assert.deepEqual(await of("a.test/team/app:1"), {
        lookaside: "https://one.test/s",
        staging: "https://one.test/s",
        attachments: false,
      });
      assert.deepEqual(await of("a.test/other"), {
        lookaside: "https://default.test/s",
        staging: "file:///staged",
        attachments: true,
      });
      assert.equal((await of("a.test/team/app:2")).lookaside, "https://team.test/s");
      assert.equal((await of("a.test/teams/app:1")).lookaside, "https://default.test/s");
      assert.equal((await of("x.wild.test:5000/app")).lookaside, "https://wild.test/s");
      const { lookaside, staging } = await of("b.test/app");
      assert.deepEqual([lookaside, staging], ["https://b.test/s", "file:///b"]);
    },
  ));

test("a scope in two files is an error even where both say the same", async () => {
  const section = "docker: { a.test: { lookaside: 'https://a.test' } }";
  await withFiles({ "a.yaml": section, "b.yaml": section }, (of) =>
    assert.rejects(of("b.test/app"), expectedError("CORRUPT", /one scope is in ".*a\.yaml" and ".*b\.yaml"/)),
  );
  const standard = "default-docker: {}";
  await withFiles({ "a.yaml": standard, "b.yaml": standard }, (of) =>
    assert.rejects(of("b.test/app"), expectedError("CORRUPT", /"default-docker" is in/)),
  );
});

test("as image-rs reads them, a scope may be in two files that say the same of it, and not otherwise", () =>
  withScratch(async (folder) => {
    const write = (name: string, host: string) =>
      writeFileSync(join(folder, name), `{ default-docker: {}, docker: { a.test: { sigstore: "https://${host}" } } }`);
    const read = () => readRegistriesD(folder, testEnvironment(), "image-rs");
    for (const name of ["a.yaml", "b.yaml"]) write(name, "s.test");
    assert.equal(signatureStorage(await read(), parseImageName("a.test/app")).lookaside, "https://s.test");
    await assert.rejects(
      readRegistriesD(folder, testEnvironment()),
      expectedError("CORRUPT", /"default-docker" is in/),
    );
    write("b.yaml", "t.test");
    await assert.rejects(read(), expectedError("CORRUPT", /one scope is in/));
  }));

test("a file that is malformed, or that has an unknown member, is CORRUPT", async () => {
  for (const [text, why] of [
    ["docker: [", /not YAML/],
    ["docker: { a.test: {}, a.test: {} }", /not YAML/],
    ["docker: []", /not a mapping/],
    ["- docker", /not a mapping/],
    ["docker: { a.test: text }", /not a mapping/],
    ["docker: { a.test: { lookasde: 'https://a.test' } }", /a member that is none of lookaside,/],
    ["quay: {}", /a member that is none of default-docker, docker/],
    ["docker: { a.test: { lookaside: 5 } }", /not a string/],
    ["default-docker: { use-sigstore-attachments: 'false' }", /neither true nor false/],
  ] as const) {
    await withFiles({ "a.yaml": text }, (of) => assert.rejects(of("b.test/app"), expectedError("CORRUPT", why)));
  }
});

test("the user's directory is read in place of the system's, and one that was named must be there", () =>
  withScratch(async (folder) => {
    const write = (parent: string, lookaside: string) => {
      mkdirSync(parent, { recursive: true });
      writeFileSync(join(parent, "a.yaml"), `default-docker: { lookaside: "${lookaside}" }`);
    };
    const environment = testEnvironment({ home: join(folder, "home"), root: folder });
    const read = async () => (await readRegistriesD(undefined, environment)).fallback?.lookaside;
    assert.equal(await read(), undefined);
    write(join(folder, "etc/containers/registries.d"), "https://system.test");
    assert.equal(await read(), "https://system.test");
    write(join(folder, "home/.config/containers/registries.d"), "https://user.test");
    assert.equal(await read(), "https://user.test");
    const missing = readRegistriesD(join(folder, "missing"), environment);
    await assert.rejects(missing, expectedError("NOT_FOUND", /missing/));
  }));
