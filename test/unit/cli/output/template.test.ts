import assert from "node:assert/strict";
import { test } from "node:test";
import { filled, parseTemplate } from "../../../../src/cli/output/template.js";
import { expectedError } from "../../../support/expected-error.js";

const document = {
  schema: "oci-enc/inspect/v1",
  digest: "sha256:abc",
  size: 554,
  encrypted: false,
  author: null,
  gone: undefined,
  layers: [{ index: 0, size: 7 }, { index: 1 }],
  annotations: { "org.example/Name": "a\u001b[31m" },
  Digest: "exact before folded",
};

const filledTexts: readonly (readonly [string, string])[] = [
  ["{{.digest}}", "sha256:abc"],
  ["{{ .digest }}", "sha256:abc"],
  ["{{.Digest}}", "exact before folded"],
  ["{{.Layers.0.Size}}", "7"],
  ["{{.size}} bytes, {{.encrypted}}, {{.author}}", "554 bytes, false, null"],
  ["{{.size}}{{.size}}", "554554"],
  ["}{.size} {{.size}}", "}{.size} 554"],
  ["{{.layers}}", '[{"index":0,"size":7},{"index":1}]'],
  ["{{json .layers.1}}", '{"index":1}'],
  ["{{json .digest}}", '"sha256:abc"'],
  ["{{json .}}", JSON.stringify(document)],
  ["{{.}}", JSON.stringify(document)],
  ["{{.annotations.org.example/Name}}", "a\\x1b[31m"],
];

test("a template is filled from the members of a document", () => {
  for (const [template, text] of filledTexts) {
    assert.equal(filled(parseTemplate(template), document), text, template);
  }
});

test("what the document does not have is named, with what it has", () => {
  const missing: readonly (readonly [string, RegExp, RegExp])[] = [
    ["{{.nope}}", /the document has no member "nope"/, /it has schema, digest, size, .*layers, annotations, Digest/],
    ["{{.gone}}", /the document has no member "gone"/, /it has schema/],
    ["{{.digest.x}}", /\.digest has no member "x"/, /it has no members/],
    ["{{.layers.2}}", /\.layers has no member "2"/, /the numbers 0 to 1/],
    ["{{.layers.1.size}}", /\.layers\.1 has no member "size"/, /it has index/],
    ["{{.author.x}}", /\.author has no member "x"/, /it has no members/],
    ["{{.annotations.org}}", /\.annotations has no member "org"/, /org\.example\/Name/],
    ["{{.toString}}", /no member "toString"/, /it has/],
  ];
  for (const [template, message, hint] of missing) {
    assert.throws(() => filled(parseTemplate(template), document), expectedError("USAGE", message, hint), template);
  }
});

test("what is not a template is refused before any work", () => {
  for (const text of [
    "{{range .layers}}x{{end}}",
    "{{digest}}",
    "{{}}",
    "{{.digest",
    "digest}}{{.digest}}",
    "{{.a..b}}",
  ]) {
    assert.throws(() => parseTemplate(text), expectedError("USAGE", /--format: /, /\{\{\.A\.B\}\}/), text);
  }
  assert.throws(() => parseTemplate("json"), expectedError("USAGE", /names no member/, /--json prints the whole/));
});
