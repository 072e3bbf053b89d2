import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import {
  type ClassDemands,
  type ClassOfImage,
  type ClassRules,
  decideClass,
  decideClasses,
  parseClassRules,
  readClassRules,
  usualClassRules,
} from "../../../src/policy/classes.js";
import { gpgVerifier } from "../../../src/sign/gpg/verifier.js";
import { storedSignature } from "../../../src/sign/simple-signing/stored.js";
import { expectedError } from "../../support/expected-error.js";
import { scratchDirectory } from "../../support/scratch.js";
import { signedVectors } from "../../support/signing/signed-vectors.js";

const scratch = scratchDirectory();
const strictest: ClassRules = { plainSigned: "deny", plainUnsigned: "deny" };

/** Title, image, rules, demands, verdict. */
const rows: readonly (readonly [string, ClassOfImage, Partial<ClassRules>, ClassDemands, string])[] = [
  ["encrypted and signed: always possible", imageClass("all", true), {}, {}, "allowed"],
  ["encrypted and signed: no rule disables it", imageClass("all", true), strictest, {}, "allowed"],
  [
    "encrypted and signed: no demand refuses it",
    imageClass("all", true),
    strictest,
    { requireEncrypted: "all", requireSigned: true },
    "allowed",
  ],
  ["encrypted, unsigned: always possible", imageClass("all", false), {}, {}, "allowed"],
  ["encrypted, unsigned: no rule disables it", imageClass("all", false), strictest, {}, "allowed"],
  [
    "encrypted, unsigned: meets the demand for encryption",
    imageClass("all", false),
    {},
    { requireEncrypted: "all" },
    "allowed",
  ],
  [
    "encrypted, unsigned: refused where a signature is required",
    imageClass("all", false),
    {},
    { requireSigned: true },
    "refused",
  ],
  ["plain, signed: allowed by default", imageClass("none", true), {}, {}, "allowed"],
  ["plain, signed: denied by plainSigned", imageClass("none", true), { plainSigned: "deny" }, {}, "refused"],
  [
    "plain, signed: plainUnsigned does not concern it",
    imageClass("none", true),
    { plainUnsigned: "deny" },
    {},
    "allowed",
  ],
  ["plain, signed: meets the demand for a signature", imageClass("none", true), {}, { requireSigned: true }, "allowed"],
  [
    "plain, signed: refused where encryption is required",
    imageClass("none", true),
    {},
    { requireEncrypted: "all" },
    "refused",
  ],
  [
    "plain, signed: refused where some encryption is required",
    imageClass("none", true),
    {},
    { requireEncrypted: "some" },
    "refused",
  ],
  ["plain, unsigned: allowed by default", imageClass("none", false), {}, {}, "allowed"],
  [
    "plain, unsigned: warned about by plainUnsigned",
    imageClass("none", false),
    { plainUnsigned: "warn" },
    {},
    "warned",
  ],
  ["plain, unsigned: denied by plainUnsigned", imageClass("none", false), { plainUnsigned: "deny" }, {}, "refused"],
  [
    "plain, unsigned: plainSigned does not concern it",
    imageClass("none", false),
    { plainSigned: "deny" },
    {},
    "allowed",
  ],
  [
    "plain, unsigned: refused where a signature is required",
    imageClass("none", false),
    {},
    { requireSigned: true },
    "refused",
  ],
  [
    "plain, unsigned: refused where encryption is required",
    imageClass("none", false),
    {},
    { requireEncrypted: "all" },
    "refused",
  ],
  [
    "plain, unsigned: refused where some encryption is required",
    imageClass("none", false),
    {},
    { requireEncrypted: "some" },
    "refused",
  ],
  ["signed, some layers encrypted: allowed as signed", imageClass("some", true), {}, {}, "allowed"],
  [
    "signed, some layers encrypted: not plain, so no rule disables it",
    imageClass("some", true),
    strictest,
    {},
    "allowed",
  ],
  [
    "signed, some layers encrypted: meets the demand for some encryption",
    imageClass("some", true),
    {},
    { requireEncrypted: "some" },
    "allowed",
  ],
  [
    "signed, some layers encrypted: refused where all has to be encrypted",
    imageClass("some", true),
    {},
    { requireEncrypted: "all" },
    "refused",
  ],
  ["unsigned, some layers encrypted: allowed as plain unsigned", imageClass("some", false), {}, {}, "allowed"],
  [
    "unsigned, some layers encrypted: warned about as plain unsigned",
    imageClass("some", false),
    { plainUnsigned: "warn" },
    {},
    "warned",
  ],
  [
    "unsigned, some layers encrypted: denied as plain unsigned",
    imageClass("some", false),
    { plainUnsigned: "deny" },
    {},
    "refused",
  ],
  [
    "unsigned, some layers encrypted: refused as plain unsigned where encryption is required",
    imageClass("some", false),
    {},
    { requireEncrypted: "some" },
    "refused",
  ],
  [
    "unsigned, some layers encrypted: refused where a signature is required",
    imageClass("some", false),
    {},
    { requireSigned: true },
    "refused",
  ],
];

for (const [title, image, rules, demands, verdict] of rows) {
  test(`class: ${title}`, () => {
    const decision = decideClass(image, { ...usualClassRules, ...rules }, demands);
    assert.equal(decision.verdict, verdict);
    if (decision.verdict !== "allowed") assert.match(decision.reason, /^[a-z][^.]*[a-z]$/);
  });
}

test("class: the strictest decision about an image of an index is the one, and an index without images is plain", () => {
  const warning = { ...usualClassRules, plainUnsigned: "warn" } as const;
  for (const [each, signed, rules, verdict] of [
    [["all"], false, strictest, "allowed"],
    [["none"], false, usualClassRules, "allowed"],
    [["all", "none"], false, usualClassRules, "allowed"],
    [["all", "none", "all"], false, warning, "warned"],
    [["all", "none", "all"], false, strictest, "refused"],
    [["some", "all"], true, strictest, "allowed"],
    [["all", "none"], true, strictest, "refused"],
    [[], false, warning, "warned"],
    [[], false, strictest, "refused"],
    [[], true, usualClassRules, "allowed"],
  ] as const) {
    assert.equal(decideClasses({ each, signed }, rules, {}).verdict, verdict, `${each} ${signed} ${verdict}`);
  }
});

for (const vector of classVectors()) {
  test(`class: ${vector.id} of the vectors is ${vector.encrypted} encrypted and ${vector.signed ? "" : "not "}signed`, async () => {
    const image = await classOf(vector);
    assert.deepEqual(image, imageClass(vector.encrypted, vector.signed));
    assert.equal(decideClass(image, usualClassRules).verdict, "allowed");
    const none = vector.encrypted === "none";
    const plain = !vector.signed && vector.encrypted !== "all";
    assert.equal(decideClass(image, strictest).verdict, plain || none ? "refused" : "allowed");
    assert.equal(
      decideClass(image, usualClassRules, { requireSigned: true }).verdict,
      vector.signed ? "allowed" : "refused",
    );
    const encrypted = decideClass(image, usualClassRules, { requireEncrypted: "some" });
    assert.equal(encrypted.verdict, plain || none ? "refused" : "allowed");
  });
}

test("image-classes.json is read strictly, and what it leaves out is as usual", () => {
  const parse = (text: string) => parseClassRules(Buffer.from(text), "image-classes.json");
  const schema = '"schema":"oci-enc/classes/v1"';
  assert.deepEqual(parse(`{${schema}}`), usualClassRules);
  assert.deepEqual(parse(`{${schema},"plainSigned":"deny","plainUnsigned":"warn"}`), {
    plainSigned: "deny",
    plainUnsigned: "warn",
  });
  for (const text of [
    "{}",
    '{"schema":"oci-enc/classes/v2"}',
    `{${schema},"plainSigned":"warn"}`,
    `{${schema},"plainUnsigned":"no"}`,
    `{${schema},"plainUnsigned":true}`,
    `{${schema},"encrypted":"deny"}`,
    `{${schema},"plainSigned":"deny","plainSigned":"allow"}`,
    `\ufeff{${schema}}`,
  ]) {
    assert.throws(() => parse(text), expectedError("CORRUPT", /^the image classes "image-classes.json"/), text);
  }
});

test("image-classes.json is that of the path given, else the user's, else nothing is denied", async () => {
  const home = join(scratch, "home");
  const machine = { home, root: scratch, variables: {} };
  assert.deepEqual(await readClassRules(undefined, machine), usualClassRules);
  write(join(home, ".config"), "deny");
  assert.equal((await readClassRules(undefined, machine)).plainUnsigned, "deny");
  const config = join(scratch, "xdg");
  write(config, "warn");
  const other = { ...machine, variables: { XDG_CONFIG_HOME: config } };
  assert.equal((await readClassRules(undefined, other)).plainUnsigned, "warn");
  const path = join(home, ".config", "oci-enc", "image-classes.json");
  assert.equal((await readClassRules(path, other)).plainUnsigned, "deny");
  await assert.rejects(readClassRules(join(scratch, "none"), machine), expectedError("NOT_FOUND"));
});

interface ClassVector {
  readonly id: string;
  readonly dir: string;
  readonly encrypted: ClassOfImage["encrypted"];
  readonly signed: boolean;
  readonly signedBy: string;
}

function classVectors(): readonly ClassVector[] {
  return JSON.parse(readFileSync(join(signedVectors, "classes.json"), "utf8"));
}

/** By its manifest, and by what its signer's ring says of its signature. */
async function classOf({ dir, signedBy }: ClassVector): Promise<ClassOfImage> {
  const read = (name: string) => readFileSync(join(signedVectors, dir, name));
  const bytes = read("manifest.json");
  const { mediaType, layers }: { mediaType: string; layers: readonly Descriptor[] } = JSON.parse(bytes.toString());
  const encrypted = layers.filter((layer) => layer.mediaType.endsWith("+encrypted")).length;
  const descriptor: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  const verifier = await gpgVerifier([readFileSync(join(signedVectors, signedBy))]);
  const signed = existsSync(join(signedVectors, dir, "signature-1"))
    ? await verifier.verify(
        storedSignature(read("signature-1"), descriptor.digest, "signature-1"),
        { descriptor, identity: undefined },
        new Date(),
      )
    : undefined;
  return {
    encrypted: encrypted === 0 ? "none" : encrypted === layers.length ? "all" : "some",
    signed: signed?.verdict === "accepted",
  };
}

function imageClass(layers: ClassOfImage["encrypted"], signed: boolean): ClassOfImage {
  return { encrypted: layers, signed };
}

function write(config: string, plainUnsigned: ClassRules["plainUnsigned"]): void {
  mkdirSync(join(config, "oci-enc"), { recursive: true });
  const text = JSON.stringify({ schema: "oci-enc/classes/v1", plainUnsigned });
  writeFileSync(join(config, "oci-enc", "image-classes.json"), text);
}
