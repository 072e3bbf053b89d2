import assert from "node:assert/strict";
import { test } from "node:test";
import { accessTable } from "../../../../../src/cli/output/tables/access-table.js";
import { digestCell, sizeCell } from "../../../../../src/cli/output/tables/cells.js";
import { diffTable } from "../../../../../src/cli/output/tables/diff-table.js";
import { fileTable } from "../../../../../src/cli/output/tables/file-table.js";
import { layerTable } from "../../../../../src/cli/output/tables/layer-table.js";
import { recipientsSummary, recipientsTable } from "../../../../../src/cli/output/tables/recipients-table.js";
import { table } from "../../../../../src/cli/output/tables/table.js";
import type { ImageReport } from "../../../../../src/doors/index.js";
import { digestOf } from "../../../../../src/oci/digest.js";

const digest = digestOf(Buffer.from("a"));
const platform = { os: "linux", architecture: "arm64", variant: "v8" };
const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar+encrypted", digest, size: 67_108_864 };
const info = (id: string) =>
  ({ kind: "recipient", scheme: "jwe", algorithm: "RSA-OAEP", id, label: `RSA-OAEP kid=${id}` }) as const;
const verdict = { answer: "no", decrypts: false, refusal: undefined } as const;

function image(...ids: readonly (readonly string[])[]): ImageReport {
  const layers = ids.map((names, index) => ({
    index,
    layer,
    encrypted: true,
    schemes: ["jwe"],
    annotationSuffixes: ["jwe"],
    recipients: names.map(info),
    access: verdict,
  }));
  const config = { ...layer, mediaType: "application/vnd.oci.image.config.v1+json" };
  const manifest = { descriptor: layer, platform, attestation: false, config, configBytes: undefined };
  const manifests = [{ ...manifest, imageConfig: undefined, layers }];
  return { reference: "app:1", root: layer, rootBytes: new Uint8Array(), manifests, absent: [] };
}

const access = { platform, index: 0, layer, encrypted: true, ...verdict, key: `/a/long/path/${"k".repeat(90)}.pem` };
const long = image(["k".repeat(43)], ["k".repeat(43), "x".repeat(90)]);
const difference = { platform, index: 0, content: "unknown", a: layer, b: layer } as const;
const file = { name: "n".repeat(200), kind: "file", mode: 0o644, uid: 0, gid: 0, size: 67_108_864, mtime: 0 } as const;
const columns = ["NAME", "DIGEST", "UNVERIFIED"].map((heading) => ({ heading, align: "left", gap: 2 }) as const);

/** Every table, with contents that are wide. */
const tables: Readonly<Record<string, (width?: number) => string>> = {
  "can-decrypt": (width) =>
    accessTable(
      { reference: "app:1", root: layer, refusal: undefined, layers: [access], ...{ decrypts: false } },
      width,
    ),
  diff: (width) =>
    diffTable(
      {
        a: { reference: "app:1", digest },
        b: { reference: "app:2", digest },
        identical: false,
        layers: [{ ...difference, recipientsAdded: [info("y".repeat(90))], recipientsRemoved: [] }],
      },
      width,
    ),
  ls: (width) => fileTable([{ ...file, linkTarget: undefined }], width),
  layerinfo: (width) => layerTable(long, { keys: true, width }),
  "recipients list": (width) => recipientsTable(long, width),
  signatures: (width) => table(columns, [["app", digestCell(digest), digestCell(`referrer ${digest}`)]], width),
  images: (width) => table(columns, [["n".repeat(200), digestCell(digest), sizeCell(1)]], width),
};

for (const [name, make] of Object.entries(tables)) {
  test(`the table of ${name} fits 80 and 40 columns, and is whole where there is no width`, () => {
    for (const width of [40, 80]) {
      for (const line of make(width).split("\n")) assert.ok(line.length <= width, `${width}: ${line}`);
    }
    assert.ok(
      make()
        .split("\n")
        .some((line) => line.length > 80),
    );
    assert.doesNotMatch(make(), /\.\.$/m);
  });
}

test("short cells are for people: digests with twelve digits, sizes with a unit", () => {
  const [, line = ""] = layerTable(image(["me"]), { keys: false, width: 100 }).split("\n");
  assert.match(line, / sha256:[0-9a-f]{12} /);
  assert.match(line, / 64\.0 MiB /);
  const [, whole = ""] = layerTable(image(["me"]), { keys: false }).split("\n");
  assert.match(whole, new RegExp(` ${digest} .* 67108864 `));
});

test("recipients are listed once where all layers have the same, and layers only where they differ", () => {
  assert.equal(recipientsSummary(image(["a"], ["a"])), "jwe:a decrypts all 2 encrypted layers");
  assert.equal(
    recipientsSummary(image(["a", "b"], ["b", "a", "c"])),
    "jwe:a, jwe:b decrypt all 2 encrypted layers; some layers have other recipients as well",
  );
  assert.equal(recipientsSummary(image()), "no layer is encrypted");
  assert.equal(recipientsTable(image(["a"], ["a"]), 80), "INDEX  SCHEME  ALGORITHM  ID\n    0  jwe     RSA-OAEP   a");
  assert.equal(recipientsTable(image(["a"], ["a"], ["b"]), 80).split("\n").length, 3);
  assert.equal(recipientsTable(image(["a"], ["a"])).split("\n").length, 3);
});
