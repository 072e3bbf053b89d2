import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OciEncError } from "../../../../../src/errors.js";
import { digestOf } from "../../../../../src/oci/digest.js";
import { indexEntry, parseIndex, withEntries } from "../../../../../src/transport/layout/index/index-json.js";
import { placeEntry } from "../../../../../src/transport/layout/index/select.js";

function descriptor(content: string) {
  return { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: digestOf(Buffer.from(content)), size: 7 };
}

function parsed(text: string) {
  return parseIndex(Buffer.from(text), "index.json");
}

const name = "org.opencontainers.image.ref.name";

test("other entries, unknown members and white space survive a change byte for byte", () => {
  const first = `{"annotations": {"${name}":"a", "x":"\\u00e4"},  "digest":"${digestOf(Buffer.from("a"))}", "size":1, "mediaType":"m", "vendor":[1.50]}`;
  const text = `{\n  "vendor": {"n": 1.0},\n  "manifests": [\n    ${first}\n  ],\n  "schemaVersion": 2\n}\n`;
  const index = parsed(text);
  const added = withEntries(index, [...index.entries, indexEntry(descriptor("b"), "b")]);
  assert.ok(added.text.startsWith(text.slice(0, text.indexOf(first) + first.length)));
  assert.ok(added.text.endsWith('\n  ],\n  "schemaVersion": 2\n}\n'));
  assert.deepEqual(
    parsed(added.text).entries.map((entry) => entry.name),
    ["a", "b"],
  );
  assert.equal(withEntries(added, index.entries).text, text);
});

for (const empty of ["[]", "[ ]", "null"]) {
  test(`an index whose list is ${empty} takes an entry and gives it up again`, () => {
    const index = parsed(`{"schemaVersion":2,"manifests":${empty}}`);
    const one = withEntries(index, [indexEntry(descriptor("a"), undefined)]);
    assert.deepEqual(
      parsed(one.text).entries.map((entry) => entry.descriptor.digest),
      [descriptor("a").digest],
    );
    assert.equal(withEntries(one, []).text, '{"schemaVersion":2,"manifests":[]}');
  });
}

test("any list of names is read back as it was written, in any order of changes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { maxLength: 5 }), { maxLength: 5 }),
      (lists) => {
        let index = parsed('{"schemaVersion": 2, "manifests": [ ]}');
        for (const names of lists) {
          index = withEntries(
            index,
            names.map((one) => indexEntry(descriptor(one), one)),
          );
          assert.deepEqual(
            parsed(index.text).entries.map((entry) => entry.name),
            names,
          );
        }
      },
    ),
  );
});

test("whatever the bytes of an index, it is parsed or refused with an OciEncError", () => {
  const sound = JSON.stringify({ schemaVersion: 2, manifests: [indexEntry(descriptor("a"), "a").descriptor] });
  const damaged = fc
    .tuple(fc.nat(sound.length), fc.nat(20), fc.string({ unit: "binary", maxLength: 8 }))
    .map(([at, length, text]) => sound.slice(0, at) + text + sound.slice(at + length));
  fc.assert(
    fc.property(fc.oneof(damaged, fc.json()), (text) => {
      try {
        parsed(text);
      } catch (error) {
        assert.ok(error instanceof OciEncError && error.code === "CORRUPT");
      }
    }),
  );
});

test("an entry that holds its manifest itself is kept where that is the right one, and made anew where it is not", () => {
  const content = Buffer.from("content");
  const root = { ...descriptor("content"), size: content.length };
  for (const [data, kept] of [
    [content.toString("base64"), true],
    [Buffer.from("another").toString("base64"), false],
    ["Y29udGVudB==", false],
    [7, false],
    [null, true],
  ] as const) {
    const entry = { ...root, annotations: { [name]: "a" }, data };
    const { entries } = parsed(JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
    const [placed] = placeEntry(entries, root, { name: "a", moved: undefined, make: indexEntry });
    assert.equal(placed === entries[0], kept, JSON.stringify(data));
    assert.equal(placed?.text.includes('"data":'), kept, JSON.stringify(data));
  }
});
