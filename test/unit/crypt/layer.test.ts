import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { defaultCipher } from "../../../src/crypt/ciphers/index.js";
import type { Wrap, WrappedKey } from "../../../src/crypt/key-wrapper.js";
import { loadKeyring, loadRecipients, openEnvelope, sealLayer } from "../../../src/crypt/layer.js";
import { encodePrivateOptions } from "../../../src/crypt/layer-options.js";
import { recipientsOf, schemesOf } from "../../../src/crypt/recipients.js";
import { schemeRow, schemes } from "../../../src/crypt/schemes/index.js";
import { OciEncError } from "../../../src/errors.js";
import { digestOf } from "../../../src/oci/digest.js";
import { abandon, anyBytes, anyCut, chunked, collect, watched } from "../../support/bytes/chunked.js";
import { expectedError } from "../../support/expected-error.js";
import { decryptionKey, ecPair, encryptionKey, rsaPair } from "../../support/keys/key-pair.js";

const jweSlot = "org.opencontainers.image.enc.keys.jwe";
const pubopts = "org.opencontainers.image.enc.pubopts";
const one = ecPair("P-256", "one");
const other = ecPair("P-256", "other");
const stranger = ecPair("P-256", "stranger");

interface Sealed {
  readonly bytes: Buffer;
  readonly annotations: Record<string, string>;
}

async function seal(plain: Uint8Array, wrap: Wrap, cut: readonly number[] = [1000]): Promise<Sealed> {
  const layer = sealLayer(defaultCipher, wrap, { bytes: chunked(plain, cut), size: plain.length });
  const bytes = await collect(layer.bytes);
  const annotate = await layer.annotate(digestOf(plain));
  return { bytes, annotations: annotate({ "org.example.kept": "yes" }) };
}

async function open(sealed: Sealed, ...keys: Parameters<typeof decryptionKey>[0][]): Promise<Buffer> {
  const { cipher, options } = await openEnvelope(sealed.annotations, await keyringOf(...keys));
  return await collect(cipher.open(chunked(sealed.bytes, [777]), options, sealed.bytes.length));
}

async function keyringOf(...keys: Parameters<typeof decryptionKey>[0][]) {
  return await loadKeyring(keys.map((key) => decryptionKey(key)));
}

test("any layer comes back for each of its recipients, and for nobody else", async () => {
  const wrap = await loadRecipients([encryptionKey(one.publicKey), encryptionKey(other.publicKey)]);
  await fc.assert(
    fc.asyncProperty(anyBytes(20_000), anyCut, async (plain, cut) => {
      const sealed = await seal(plain, wrap, cut);
      for (const pair of [one, other]) assert.deepEqual(await open(sealed, pair.privateKey), Buffer.from(plain));
      await assert.rejects(open(sealed, stranger.privateKey), expectedError("KEY_MISMATCH"));
    }),
    { numRuns: 20 },
  );
});

test("RSA and EC keys open one layer, and what is wrapped is the plain blob's digest", async () => {
  const rsa = rsaPair();
  const plain = randomBytes(5000);
  const sealed = await seal(plain, await loadRecipients([encryptionKey(rsa.publicKey), encryptionKey(one.publicKey)]));
  for (const pair of [rsa, one]) {
    const { options } = await openEnvelope(sealed.annotations, await keyringOf(pair.privateKey));
    assert.equal(options.private.digest, digestOf(plain));
    assert.deepEqual(await open(sealed, pair.privateKey), plain);
  }
  assert.equal(sealed.annotations["org.example.kept"], "yes");
  assert.deepEqual(schemesOf(sealed.annotations), ["jwe"]);
  assert.equal((await recipientsOf(sealed.annotations)).length, 2);
});

test("each layer of an image has a key of its own", async () => {
  const wrap = await loadRecipients([encryptionKey(one.publicKey)]);
  const keyring = await keyringOf(one.privateKey);
  const secrets = [];
  for (let index = 0; index < 20; index += 1) {
    const { annotations } = await seal(Buffer.from("the same"), wrap);
    const { options } = await openEnvelope(annotations, keyring);
    secrets.push(Buffer.from(options.private.symmetricKey).toString("hex"));
  }
  assert.equal(new Set(secrets).size, 20);
});

test("faults/45: the key and what was wrapped are overwritten once the envelope is made", async () => {
  const seen: Uint8Array[] = [];
  const wrap: Wrap = async (secret) => {
    seen.push(secret);
    assert.equal(secret.length, 193);
    return [{ suffix: "jwe", bytes: Buffer.from("packet") }];
  };
  const cipher: typeof defaultCipher = {
    ...defaultCipher,
    seal(plain) {
      const sealing = defaultCipher.seal(plain);
      return {
        ...sealing,
        options(digest) {
          const options = sealing.options(digest);
          const { symmetricKey } = options.private;
          assert(symmetricKey.some((byte) => byte !== 0));
          seen.push(symmetricKey);
          return options;
        },
      };
    },
  };
  const layer = sealLayer(cipher, wrap, { bytes: chunked(Buffer.from("x"), [1]), size: 1 });
  await collect(layer.bytes);
  await layer.annotate(digestOf(Buffer.from("x")));
  assert.equal(seen.length, 2);
  assert(seen.every((secret) => secret.every((byte) => byte === 0)));
});

test("annotations are had after the last byte alone, and an abandoned layer closes its source", async () => {
  const wrap = await loadRecipients([encryptionKey(one.publicKey)]);
  const source = watched(chunked(randomBytes(5000), [100]));
  const layer = sealLayer(defaultCipher, wrap, { bytes: source.bytes, size: 5000 });
  const digest = digestOf(Buffer.alloc(0));
  await assert.rejects(layer.annotate(digest), { name: "Error" });
  await abandon(layer.bytes);
  assert.equal(source.wasClosed, true);
  await assert.rejects(layer.annotate(digest), { name: "Error" });
});

test("a layer that is encrypted for nobody is a bug, and no recipients or unknown schemes are USAGE", async () => {
  const layer = sealLayer(defaultCipher, async () => [], { bytes: chunked(Buffer.from("x"), [1]), size: 1 });
  await collect(layer.bytes);
  await assert.rejects(layer.annotate(digestOf(Buffer.from("x"))), { name: "Error", message: /nobody/ });
  await assert.rejects(loadRecipients([]), expectedError("USAGE", /no recipient is given/));
  await assert.rejects(loadRecipients([{ ...encryptionKey(one.publicKey), scheme: "rot13" }]), expectedError("USAGE"));
});

test("a broken part does not hide a good one, of this scheme or of an unknown one", async () => {
  const plain = randomBytes(100);
  const sealed = await seal(plain, await loadRecipients([encryptionKey(one.publicKey)]));
  const good = sealed.annotations[jweSlot] ?? "";
  const annotations = {
    "org.opencontainers.image.enc.keys.future": "AAAA",
    ...sealed.annotations,
    [jweSlot]: `!!!,,AAAA,${Buffer.from("{}").toString("base64")},${good}`,
  };
  assert.deepEqual(await open({ ...sealed, annotations }, one.privateKey), plain);
  const labels = (await recipientsOf(annotations)).map(({ label }) => label);
  assert(labels.includes("unknown scheme") && labels.includes("not base64"), `${labels}`);
  await assert.rejects(
    open({ ...sealed, annotations: { ...annotations, [jweSlot]: "!!!,AAAA" } }, one.privateKey),
    expectedError("KEY_MISMATCH", /not base64/, /future, jwe|jwe, future/),
  );
});

test("faults/33: an envelope whose public options are gone or name another cipher is refused before a key is asked for", async () => {
  const { annotations } = await seal(Buffer.from("x"), await loadRecipients([encryptionKey(one.publicKey)]));
  const { [pubopts]: _, ...without } = annotations;
  await assert.rejects(openEnvelope(without, []), expectedError("CORRUPT", /no annotation/));
  const unknown = Buffer.from('{"cipher":"ROT13","hmac":"","cipheroptions":{}}').toString("base64");
  await assert.rejects(openEnvelope({ ...annotations, [pubopts]: unknown }, []), expectedError("UNSUPPORTED", /ROT13/));
});

test("faults/34: what was wrapped is checked before it is used, and its values are not quoted", async () => {
  const { annotations } = await seal(Buffer.from("x"), await loadRecipients([encryptionKey(one.publicKey)]));
  const nonce = randomBytes(16);
  const symmetricKey = randomBytes(32);
  const secrets: readonly (readonly [Uint8Array, RegExp])[] = [
    [
      encodePrivateOptions({ symmetricKey: symmetricKey.subarray(1), digest: undefined, cipherOptions: { nonce } }),
      /31/,
    ],
    [encodePrivateOptions({ symmetricKey, digest: undefined, cipherOptions: {} }), /no nonce/],
    [encodePrivateOptions({ symmetricKey, digest: undefined, cipherOptions: { nonce: nonce.subarray(8) } }), /8 bytes/],
    [Buffer.from(symmetricKey.toString("base64")), /not JSON/],
  ];
  for (const [secret, message] of secrets) {
    await assert.rejects(openEnvelope(annotations, handingOut(secret)), (error) => {
      assert(error instanceof Error && !error.message.includes(symmetricKey.toString("base64").slice(0, 12)));
      return expectedError("CORRUPT", message)(error);
    });
    assert(
      secret.every((byte) => byte === 0),
      "the secret is still there",
    );
  }
});

test("faults/35: the envelope of one layer does not open another", async () => {
  const wrap = await loadRecipients([encryptionKey(one.publicKey)]);
  const bottom = await seal(randomBytes(20_000), wrap);
  const top = await seal(randomBytes(20_000), wrap);
  const swapped = { bytes: bottom.bytes, annotations: top.annotations };
  await assert.rejects(open(swapped, one.privateKey), expectedError("CORRUPT", /HMAC/));
  const mixed = { ...bottom.annotations, [jweSlot]: top.annotations[jweSlot] ?? "" };
  await assert.rejects(
    open({ bytes: bottom.bytes, annotations: mixed }, one.privateKey),
    expectedError("CORRUPT", /HMAC/),
  );
});

test("a keyring says which key nobody can read, and wants known schemes", async () => {
  await assert.rejects(keyringOf("no key at all"), expectedError("KEY_INVALID"));
  await assert.rejects(
    loadKeyring([decryptionKey(one.privateKey, { scheme: "rot13" })]),
    expectedError("USAGE", /rot13/),
  );
});

test("where no key of a scheme was given, the hint says how one is, and only there", async () => {
  const { annotations } = await seal(Buffer.from("x"), await loadRecipients([encryptionKey(one.publicKey)]));
  for (const [name, row] of schemes) {
    const suffix = [name, `${name}.example`].find((one) => row.owns(one)) ?? "provider.age";
    const { [jweSlot]: _, ...bare } = annotations;
    const foreign = { ...bare, [`org.opencontainers.image.enc.keys.${suffix}`]: "AAAA" };
    const opener = { row, unwrap: async () => undefined };
    const hintOf = async (keyring: Parameters<typeof openEnvelope>[1]) => {
      const failed = await openEnvelope(foreign, keyring).catch((error: unknown) => error);
      assert(failed instanceof OciEncError && failed.code === "KEY_MISMATCH", name);
      return failed;
    };
    const lacking = await hintOf([]);
    assert.match(lacking.message, new RegExp(`${suffix}: no key of this scheme was given`));
    assert(lacking.hint?.includes(`${suffix} (${row.help.missingKey})`), lacking.hint);
    const fruitless = await hintOf([opener]);
    assert.match(fruitless.message, new RegExp(`${suffix}: no given key decrypts it`));
    assert(!fruitless.hint?.includes(row.help.missingKey), fruitless.hint);
  }
});

test("for one envelope, keys are read by the schemes of its wrapped keys alone, and what they cannot read is no error", async () => {
  const { annotations } = await seal(Buffer.from("x"), await loadRecipients([encryptionKey(one.publicKey)]));
  const rsa = decryptionKey(rsaPair().privateKey);
  const named = (keyring: Awaited<ReturnType<typeof loadKeyring>>) => keyring.map(({ row }) => row.scheme);
  assert.deepEqual(named(await loadKeyring([rsa])), ["jwe", "pkcs7", "pkcs11", "ssh"]);
  assert.deepEqual(named(await loadKeyring([rsa], { envelope: annotations })), ["jwe"]);
  assert.deepEqual(named(await loadKeyring([rsa], { envelope: {} })), []);
  const strange = { ...decryptionKey("no key at all"), scheme: "pgp" };
  const keyring = await loadKeyring([strange, decryptionKey(one.privateKey)], { envelope: annotations });
  assert.deepEqual(named(keyring), ["jwe"]);
  assert.equal((await openEnvelope(annotations, keyring)).options.private.digest, digestOf(Buffer.from("x")));
});

/** A keyring whose one key opens every wrapped key to this. */
function handingOut(secret: Uint8Array): Awaited<ReturnType<typeof loadKeyring>> {
  return [{ row: schemeRow("jwe"), unwrap: async (_: WrappedKey) => secret }];
}
