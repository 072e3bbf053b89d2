import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { prepareVector, vectorMissing } from "../../support/encrypted/vector-setting.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { scratchDirectory } from "../../support/scratch.js";

interface KeySet {
  readonly scheme: string;
  readonly keys: readonly string[];
}

interface About {
  readonly title: string;
  readonly expect?: string;
  readonly decrypt: readonly KeySet[];
  readonly mustFail?: readonly KeySet[];
  readonly notes?: readonly string[];
  readonly images: readonly {
    readonly layers: readonly { readonly plain: { mediaType: string; digest: string; size: number } }[];
  }[];
}

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Record<string, string>;
}

const vectors = join(process.cwd(), "test", "vectors");
const scratch = scratchDirectory();
let count = 0;

/** The vector's files in a directory of its own, and a decryption that has been tried there. */
async function decrypted(id: string, keys: readonly string[]) {
  count += 1;
  const cwd = join(scratch, `${id}-${count}`);
  await cp(join(vectors, id), cwd, { recursive: true });
  const keyArguments = keys.flatMap((key) => ["--key", key]);
  const env = prepareVector(cwd, id);
  const result = await ociEnc(["decrypt", ...keyArguments, "oci:image:enc", "oci:out:plain"], { cwd, env });
  return { cwd, ...result };
}

async function read<T>(layout: string, digest: string): Promise<T> {
  return JSON.parse(await readFile(join(layout, "blobs", ...digest.split(":")), "utf8"));
}

/** The layers of every manifest that a layout names. */
async function layersOf(layout: string): Promise<Blob[][]> {
  const index: { manifests: Blob[] } = JSON.parse(await readFile(join(layout, "index.json"), "utf8"));
  const walk = async ({ digest }: Blob): Promise<Blob[][]> => {
    const document = await read<{ manifests?: Blob[]; layers?: Blob[] }>(layout, digest);
    if (document.layers) return [document.layers];
    return (await Promise.all((document.manifests ?? []).map(walk))).flat();
  };
  return (await Promise.all(index.manifests.map(walk))).flat();
}

for (const id of (await readdir(vectors)).sort()) {
  const path = join(vectors, id, "manifest.json");
  if (!existsSync(path)) continue;
  const about: About = JSON.parse(await readFile(path, "utf8"));
  // Other tools need a certificate to find the recipient of a pkcs7 wrapped key; here each is tried.
  const found = id === "pkcs7-rsa" ? (about.mustFail ?? []) : [];
  const mustFail = found.length > 0 ? [] : (about.mustFail ?? []);
  const refused = [...(about.expect === "reject" ? about.decrypt : []), ...mustFail];
  const opened = about.expect === "reject" ? [] : [...about.decrypt, ...found];

  for (const { keys, scheme } of opened) {
    test(`${id}: ${about.title}; opened with ${keys.join(" ")}`, { skip: vectorMissing(scheme) }, async () => {
      const { cwd, status, stdout, stderr } = await decrypted(id, keys);
      assert.equal(status, 0, stderr);
      const layers = await layersOf(join(cwd, "out"));
      assert.deepEqual(
        layers.map((image) => image.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }))),
        about.images.map((image) => image.layers.map(({ plain }) => plain)),
      );
      const envelopes = layers.flat().flatMap(({ annotations = {} }) => Object.keys(annotations));
      assert.ok(!envelopes.some((key) => key.startsWith("org.opencontainers.image.enc")));
      const promised = about.notes?.join("\n").match(/byte-identical to the plain one: (sha256:[0-9a-f]{64})/)?.[1];
      if (promised) assert.equal(stdout.trim(), promised);
    });
  }

  for (const { keys } of refused) {
    test(`${id}: ${about.title}; refused with ${keys.join(" ")}`, async () => {
      const { cwd, status, stdout, stderr } = await decrypted(id, keys);
      assert.notEqual(status, 0);
      assert.notEqual(status, 1, `a refusal is no bug: ${stderr}`);
      assert.equal(stdout, "");
      assert.match(stderr, /^oci-enc: /m);
      assert.ok(!existsSync(join(cwd, "out", "index.json")), "nothing may be named");
    });
  }
}
