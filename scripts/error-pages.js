// Writes docs/errors.md, a section for each code of an error or a warning, from the pages of `oci-enc help CODE`. With --check
// it writes nothing, and exits 1 where that page is out of date. Run after tsc, by `make pages`.
import { explainedCodes } from "../dist/cli/explanations/page.js";
import { generatedFile } from "./generated-file.js";

/** What the examples need beside images/app. A test runs these lines, and then every example. */
const preparation = [
  "for name in alice bob mallory; do oci-enc key generate --out $name; done",
  "oci-enc encrypt -r jwe:alice.pub.pem oci:images:app oci:images:enc",
  "oci-enc encrypt -r jwe:alice.pub.pem -r jwe:bob.pub.pem oci:images:app oci:images:team",
  "oci-enc copy oci:images:app oci:work:app",
  "oci-enc copy oci:images:app oci:images:signed",
  "oci-enc sign --by sigstore:alice.pem --identity registry.example/app:1 oci:images:signed",
  "oci-enc copy oci:images:app oci:damaged:app",
  'for blob in damaged/blobs/sha256/*; do echo changed >>"$blob"; done',
  "echo 'not a key' >notes.txt",
  `echo '{"key-providers": {"vault": {"cmd": {"path": "false"}}}}' >providers.json`,
  "mkfifo pipe",
  "oci-enc copy oci:images:app oci:shared:app",
  "oci-enc copy oci:images:app oci:shared:other",
  "oci-enc copy oci:images:app oci:mirror:app",
  "rm mirror/blobs/sha256/$(oci-enc inspect --format '{{.manifests.1.digest}}' oci:mirror:app | cut -d: -f2)",
  `echo '{"schema": "oci-enc/classes/v1", "plainUnsigned": "warn"}' >classes.json`,
  "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=signing -addext keyUsage=digitalSignature -keyout signing.key -out signing.crt",
];

const errors = explainedCodes.filter(({ status }) => status !== undefined);
const warnings = explainedCodes.filter(({ status }) => status === undefined);

generatedFile("docs/errors.md", `${page().join("\n\n")}\n`, "make pages");

function page() {
  return [
    "<!-- Written by scripts/error-pages.js from src/cli/explanations: make pages -->",
    "# Errors and warnings",
    [
      "Every error and every warning has a code, which stays the same when its words change. `oci-enc help CODE` prints what stands here, for example",
      "`oci-enc help KEY_MISMATCH`. With `--json` an error is one line with its code, and a warning stands in the document.",
    ].join("\n"),
    `Errors: ${errors.map(link).join(", ")}.`,
    `Warnings: ${warnings.map(link).join(", ")}.`,
    "The examples are for a directory with a layout `images`, which has an image `app` for linux/amd64 and linux/arm64, and in which this has been run:",
    code("sh", preparation),
    "## Errors",
    ...errors.flatMap(section),
    "## Warnings",
    ...warnings.flatMap(section),
  ];
}

function section({ code: name, status, meaning, causes, remedies, example, takes }) {
  return [
    `### ${name}`,
    `${status === undefined ? "A warning" : `Exit status ${status}`}: ${meaning}.`,
    ["Why it happens:", "", ...causes.map(listed)].join("\n"),
    ["What to do:", "", ...remedies.map(listed)].join("\n"),
    ...(example ? [`Example: ${lowered(example.because)}`, code("sh", [example.line])] : []),
    ...(takes ? [`No example shows it, as it takes ${takes}.`] : []),
  ];
}

function link({ code: name }) {
  return `[${name}](#${name.toLowerCase()})`;
}

function listed(sentence) {
  return `- ${sentence}`;
}

/** After a colon; a name keeps its capitals. */
function lowered(sentence) {
  return sentence.replace(/^[A-Z](?=[a-z]* )/, (letter) => letter.toLowerCase());
}

function code(language, lines) {
  return [`\`\`\`${language}`, ...lines, "```"].join("\n");
}
