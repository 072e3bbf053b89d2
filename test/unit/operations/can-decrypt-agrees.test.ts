import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openSource } from "../../../src/doors/transport.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { parsePlatform } from "../../../src/oci/platform.js";
import type { ImageSource } from "../../../src/transport/transport.js";
import { type Asking, type GateAnswers, gateAnswers } from "../../support/encrypted/gate-answers.js";
import {
  type HandmadeLayer,
  handmadeLayer,
  handmadeType,
  type Members,
} from "../../support/encrypted/handmade-layer.js";
import { readVector, type VectorKeys } from "../../support/encrypted/vector.js";
import { vectorKeys, vectorProvider } from "../../support/encrypted/vector-keys.js";
import { MemoryPlace } from "../../support/images/memory-image.js";
import { configureProviders } from "../../support/keys/key-provider.js";
import { person } from "../../support/keys/people.js";
import { scratchDirectory } from "../../support/scratch.js";
import { signedVectors } from "../../support/signing/signed-vectors.js";

const [alice, stranger] = [person("alice"), person("stranger")];
const vectors = join(process.cwd(), "test", "vectors");
const jwe = "org.opencontainers.image.enc.keys.jwe";
const pubopts = "org.opencontainers.image.enc.pubopts";

/** The one exception: what is wrong with the bytes of a layer shows only when they are read. */
const ofTheBytes = new Set(["edge-ct-flipped", "edge-ct-truncated", "edge-hmac-flipped"]);

/** Everybody has to say the same; `bytes`: decrypting fails all the same, as the layer's bytes are bad. */
async function agree(name: string, source: ImageSource, asking: Asking, bytes = false): Promise<GateAnswers> {
  const answers = await gateAnswers(source, asking);
  const { decrypt, decryptPlan, layers, verified } = answers;
  assert.equal(answers.canDecrypt, decryptPlan, `${name}: can-decrypt and the plan of decrypt`);
  if (decryptPlan !== "opens" || !bytes) assert.equal(decrypt, decryptPlan, `${name}: decrypt and its plan`);
  else assert.equal(decrypt, "CORRUPT", `${name}: the bytes are bad`);
  assert.deepEqual(answers.shown, layers, `${name}: layerinfo and can-decrypt`);
  if (typeof layers === "string") assert.equal(verified, layers, `${name}: verify cannot begin either`);
  else if (answers.canDecrypt === "KEY_PROVIDER") assert.equal(verified, "KEY_PROVIDER", name);
  else
    assert.deepEqual(
      verified,
      answers.encrypted.map((said) => said === "yes"),
      `${name}: verify`,
    );
  return answers;
}

function outsideOfToken(set: VectorKeys): VectorKeys {
  return { ...set, keys: set.keys.map((key) => (key === "keys/hsm.yaml" ? "keys/hsm.pem" : key)) };
}

test("of every vector, with every set of keys, all say the same", async () => {
  let asked = 0;
  for (const id of readdirSync(vectors).filter((name) => existsSync(join(vectors, name, "manifest.json")))) {
    const { directory, decrypt, mustFail } = await readVector(id);
    const settings = id.startsWith("keyprovider") ? await vectorProvider(id) : undefined;
    for (const set of [...decrypt, ...mustFail].map(outsideOfToken)) {
      await using source = await openSource(`oci:${join(directory, "image")}:enc`);
      await agree(
        `${id} ${set.keys}`,
        source,
        { keys: await vectorKeys({ directory }, set), settings },
        ofTheBytes.has(id),
      );
      asked += 1;
    }
  }
  assert.equal(asked, 49);
});

test("of every signed and encrypted image, all say the same", async () => {
  const key = (name: string) => ({ directory: join(signedVectors, "keys"), set: { scheme: "jwe", keys: [name] } });
  for (const id of readdirSync(join(signedVectors, "classes"))) {
    for (const { directory, set } of [key("enc.pem"), key("raw-rsa.pem")]) {
      await using source = await openSource(`dir:${join(signedVectors, "classes", id)}`);
      await agree(`${id} ${set.keys}`, source, { keys: await vectorKeys({ directory }, set) });
    }
  }
});

const content = randomBytes(30_000);
const b64 = (bytes: number) => randomBytes(bytes).toString("base64");

/** Those whose envelope is whole, and says something else than the bytes. */
const badBytes = new Set([
  "public hmac: 32 bytes",
  "wrapped symkey: 32 bytes",
  "wrapped nonce: 16 bytes",
  "bytes flipped",
  "bytes cut short",
]);

/**
 * An image of such layers, or an index of two where there are more lists than one. Its config says what `holding` is: the
 * content of each layer, or that nobody knows.
 */
function nameImage(
  place: MemoryPlace,
  manifests: readonly (readonly Descriptor[])[],
  holding: Uint8Array | "unknown" = content,
): void {
  const made = manifests.map((layers, index) => {
    const platform = { os: "linux", architecture: index === 0 ? "amd64" : "arm64" };
    const diffIds = holding === "unknown" ? [] : layers.map(() => digestOf(holding));
    const config = place.add(mediaTypes.ociConfig, { ...platform, rootfs: { type: "layers", diff_ids: diffIds } });
    const mediaType = mediaTypes.ociManifest;
    return { ...place.add(mediaType, { schemaVersion: 2, mediaType, config, layers }), platform };
  });
  const [only] = made;
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: made };
  place.names.set("image", made.length === 1 && only ? only : place.add(mediaTypes.ociIndex, index));
}

/** What a member may be in place of what it should be. */
const oddValues: Readonly<Record<string, unknown>> = {
  missing: undefined,
  null: null,
  number: 7,
  boolean: true,
  array: [],
  object: {},
  "object with a number": { nonce: 7 },
  "nothing in it": "",
  "not base64": "!!!!",
  "base64 without padding": "AAAAA",
  "base64 for URLs": "-_-_",
  short: b64(8),
  "one byte short": b64(15),
  "16 bytes": b64(16),
  "32 bytes": b64(32),
  long: b64(64),
  "another name": "AES_256_GCM",
  "the name in small letters": "aes_256_ctr_hmac_sha256",
  "a digest of another kind": `sha512:${"a".repeat(128)}`,
  "half a digest": "sha256:abcd",
};

/** Raw texts in place of options. */
const oddTexts: Readonly<Record<string, string | Uint8Array>> = {
  "nothing at all": "",
  null: "null",
  "a number": "7",
  "an array": "[]",
  "an empty object": "{}",
  "half an object": '{"symkey":"',
  "two ciphers": '{"cipher":"AES_256_CTR_HMAC_SHA256","cipher":"ROT13","hmac":"","cipheroptions":{}}',
  "not UTF-8": Uint8Array.of(0x7b, 0xff, 0x7d),
};

type Variant = Omit<HandmadeLayer, "keys" | "content">;

/** Every way in which an envelope is broken here, and some in which it is odd and sound. */
function variants(): readonly (readonly [string, Variant])[] {
  const made: [string, Variant][] = [["sound", {}]];
  for (const [what, value] of Object.entries(oddValues)) {
    const put = (name: string) => (sound: Members) => ({ ...sound, [name]: value });
    const putNonce = (sound: Members) => ({ ...sound, cipheroptions: { nonce: value } });
    for (const name of ["cipher", "hmac", "cipheroptions"]) made.push([`public ${name}: ${what}`, { open: put(name) }]);
    for (const name of ["symkey", "digest", "cipheroptions"]) {
      made.push([`wrapped ${name}: ${what}`, { secret: put(name) }]);
    }
    made.push([`public nonce: ${what}`, { open: putNonce }], [`wrapped nonce: ${what}`, { secret: putNonce }]);
  }
  for (const [what, text] of Object.entries(oddTexts)) {
    const raw = () => Buffer.from(text);
    made.push([`public options: ${what}`, { open: raw }], [`wrapped options: ${what}`, { secret: raw }]);
  }
  const upper = (sound: Members) =>
    Object.fromEntries(Object.entries(sound).map(([name, one]) => [name.toUpperCase(), one]));
  made.push(["names in capitals", { open: upper, secret: upper }]);
  const edits: Readonly<Record<string, (annotations: Record<string, string>) => Record<string, string>>> = {
    "no annotations": () => ({}),
    "no public options": ({ [pubopts]: _, ...rest }) => rest,
    "public options that are not base64": (all) => ({ ...all, [pubopts]: "*" }),
    "public options with line breaks": (all) => ({
      ...all,
      [pubopts]: `${all[pubopts]?.slice(0, 8)}\n${all[pubopts]?.slice(8)}`,
    }),
    ...Object.fromEntries(Object.entries(brokenSlots).map(([what, spoil]) => [`jwe ${what}`, slotEdit(jwe, spoil)])),
  };
  for (const [what, edit] of Object.entries(edits)) made.push([what, { edit }]);
  made.push(["bytes flipped", { spoil: (sealed) => sealed.map((byte) => byte ^ 1) }]);
  made.push(["bytes cut short", { spoil: (sealed) => sealed.subarray(1) }]);
  for (const mediaType of oddTypes) made.push([`media type ${mediaType}`, { mediaType }]);
  return made;
}

const oddTypes = [
  "foo/bar",
  "",
  "application/vnd.oci.image.layer.v1.tar+gzip",
  "application/vnd.oci.image.layer.v1.tar+encrypted",
  "application/vnd.oci.image.layer.nondistributable.v1.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.wasm.content.layer.v1+wasm",
];

/** What may be wrong with an annotation that holds wrapped keys. */
const brokenSlots: Readonly<Record<string, (value: string) => string | undefined>> = {
  "is missing": () => undefined,
  "is empty": () => "",
  "is not base64": () => "?",
  "is cut in half": (value) => value.slice(0, Math.floor(value.length / 8) * 4),
  "has one bit flipped in its midst": (value) => flipped(value, 0.5),
  "has one bit flipped at its end": (value) => flipped(value, 0.98),
  "holds something else": () => Buffer.from("something else").toString("base64"),
  "holds an empty object": () => Buffer.from("{}").toString("base64"),
  "begins with garbage": (value) => `AAAA,${value}`,
  "ends with garbage": (value) => `${value},?`,
  "is all commas": () => ",,",
};

function slotEdit(suffix: string, spoil: (value: string) => string | undefined) {
  return (annotations: Readonly<Record<string, string>>): Record<string, string> => {
    const { [suffix]: value = "", ...rest } = annotations;
    const spoilt = spoil(value);
    return spoilt === undefined ? rest : { ...rest, [suffix]: spoilt };
  };
}

function flipped(value: string, where: number): string {
  const bytes = Buffer.from(value, "base64");
  const at = Math.floor(bytes.length * where);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return bytes.toString("base64");
}

test("of every broken envelope, all say the same, to a recipient and to a stranger", async () => {
  let asked = 0;
  const codes = new Map<string, number>();
  for (const [name, variant] of variants()) {
    const place = new MemoryPlace();
    const layer = await handmadeLayer(place, { keys: [alice.encryption], content, ...variant });
    nameImage(place, [[layer]]);
    for (const { decryption } of [alice, stranger]) {
      const { canDecrypt } = await agree(name, place.source("image"), { keys: [decryption] }, badBytes.has(name));
      codes.set(canDecrypt, (codes.get(canDecrypt) ?? 0) + 1);
      asked += 1;
    }
  }
  assert.deepEqual([...codes.keys()].sort(), ["CORRUPT", "KEY_MISMATCH", "UNSUPPORTED", "opens"]);
  assert.equal(asked, 404);
});

for (const [id, keys, settings] of [
  ["jwe-multi-rsa-ec", undefined, undefined],
  ["pgp-rsa", undefined, undefined],
  ["pkcs7-rsa", undefined, undefined],
  ["multi-jwe-pgp-pkcs7", undefined, undefined],
  ["pkcs11-pubkey-sha1", ["keys/hsm.pem"], undefined],
  ["keyprovider-cmd", undefined, vectorProvider],
] as const) {
  test(`of every broken wrapped key of ${id}, all say the same`, async () => {
    const vector = await readVector(id);
    const [set] = keys ? [{ scheme: "", keys }] : vector.decrypt;
    const [layer] = vector.layers;
    assert.ok(set && layer);
    const asking = { keys: await vectorKeys(vector, set), settings: await settings?.(id) };
    const suffixes = Object.keys(layer.annotations).filter((name) => name.includes(".enc.keys."));
    for (const suffix of suffixes) {
      for (const [what, spoil] of Object.entries(brokenSlots)) {
        const place = new MemoryPlace();
        const blob = place.add("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", layer.sealed);
        nameImage(place, [[{ ...blob, annotations: slotEdit(suffix, spoil)(layer.annotations) }]], "unknown");
        await agree(`${id} ${suffix} ${what}`, place.source("image"), asking, false);
      }
    }
  });
}

test("of a provider that fails, all say the same, whatever else is wrong with the image", async () => {
  const vector = await readVector("keyprovider-cmd");
  const [set] = vector.decrypt;
  const [layer] = vector.layers;
  assert.ok(set && layer);
  const down = { vectorkp: { cmd: { path: "/bin/false", args: [] } } };
  const settings = { environment: configureProviders(scratchDirectory(), down).environment };
  const asking = { keys: await vectorKeys(vector, set), settings };
  const place = new MemoryPlace();
  const type = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted";
  const asked = { ...place.add(type, layer.sealed), annotations: layer.annotations };
  nameImage(place, [[{ ...asked, annotations: {} }, asked]], "unknown");
  const { canDecrypt, shown } = await agree("a provider that fails", place.source("image"), asking);
  assert.equal(canDecrypt, "KEY_PROVIDER");
  assert.deepEqual(shown, ["cannot CORRUPT", "cannot KEY_PROVIDER"]);
});

test("of every mixture of two platforms, all say the same, about both and about one", async () => {
  const kinds: Readonly<Record<string, (place: MemoryPlace) => Promise<Descriptor>>> = {
    sound: (place) => handmadeLayer(place, { keys: [alice.encryption], content }),
    "for somebody else": (place) => handmadeLayer(place, { keys: [stranger.encryption], content }),
    "of an unknown cipher": (place) =>
      handmadeLayer(place, { keys: [alice.encryption], content, open: (sound) => ({ ...sound, cipher: "ROT13" }) }),
    "without an HMAC": (place) =>
      handmadeLayer(place, { keys: [alice.encryption], content, open: ({ hmac: _, ...rest }) => rest }),
    "with a short nonce": (place) =>
      handmadeLayer(place, { keys: [alice.encryption], content, secret: (sound) => ({ ...sound, cipheroptions: {} }) }),
    plain: async (place) => place.add(handmadeType, content),
    "plain with an envelope": async (place) => ({
      ...(await handmadeLayer(place, { keys: [alice.encryption], content })),
      mediaType: handmadeType,
    }),
    "encrypted twice": (place) =>
      handmadeLayer(place, { keys: [alice.encryption], content, mediaType: `${handmadeType}+encrypted` }),
  };
  let asked = 0;
  for (const [one, first] of Object.entries(kinds)) {
    for (const [other, second] of Object.entries(kinds)) {
      const place = new MemoryPlace();
      nameImage(place, [[await first(place)], [await second(place)]]);
      const name = `${one}, and ${other}`;
      for (const platforms of [undefined, [parsePlatform("linux/arm64")]]) {
        const asking = { keys: [alice.decryption], ...(platforms && { platforms }) };
        await agree(name, place.source("image"), asking);
        asked += 1;
      }
    }
  }
  assert.equal(asked, 128);
});
