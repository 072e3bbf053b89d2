import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";
import { CompactEncrypt, FlattenedEncrypt, GeneralEncrypt } from "jose";
import type { WrappedKey } from "../../../../src/crypt/key-wrapper.js";
import { jwe } from "../../../../src/crypt/schemes/jwe/jwe.js";
import { thumbprint } from "../../../../src/keys/jwk.js";
import { encoded, forNobody, jweMembers, jwePacket } from "../../../support/encrypted/handmade-jwe.js";
import { expectedError } from "../../../support/expected-error.js";
import { decryptionKey, ecPair, encryptionKey, type KeyPair, rsaPair } from "../../../support/keys/key-pair.js";

const rsa = rsaPair();
const ec = ecPair();
const secret = "a secret of a layer";

async function unwrap(content: object | string): Promise<string | undefined> {
  const unwrapper = await jwe.unwrapWith([decryptionKey(ec.privateKey), decryptionKey(rsa.privateKey)]);
  const found = await unwrapper?.unwrap(jwePacket(content));
  return found && Buffer.from(found).toString();
}

async function sealedFor({ publicKey }: KeyPair): Promise<WrappedKey> {
  const [packet] = await (await jwe.wrapFor([encryptionKey(publicKey)]))(Buffer.from(secret));
  assert.ok(packet);
  return packet;
}

test("faults/37: an algorithm beyond the allow-list is refused at once, and shown all the same", async () => {
  const headers = [
    { alg: "none" },
    { alg: "dir" },
    { alg: "RSA1_5" },
    { alg: "RSA-OAEP-512" },
    { alg: "ECDH-ES", epk: ec.publicKey.export({ format: "jwk" }) },
    { alg: "A256KW" },
    { alg: "PBES2-HS512+A256KW", p2c: 1e9, p2s: "AAAAAAAAAAAAAAAA" },
    { alg: "constructor" },
  ];
  const started = performance.now();
  for (const header of headers) {
    const content = forNobody({ protected: encoded({ ...header, enc: "A256GCM" }) });
    await assert.rejects(
      unwrap(content),
      expectedError("UNSUPPORTED", /uses ".*" with "A256GCM", which is not accepted/),
    );
    assert.equal(jwe.recipients(jwePacket(content))[0]?.label, header.alg);
  }
  assert.ok(performance.now() - started < 2000);
  const content = forNobody({ protected: encoded({ alg: "RSA-OAEP", enc: "A256CTR" }) });
  await assert.rejects(unwrap(content), expectedError("UNSUPPORTED", /"A256CTR"/));
  const silent = forNobody({ protected: encoded({ enc: "A256GCM" }) });
  await assert.rejects(unwrap(silent), expectedError("CORRUPT", /does not say how it is encrypted/));
});

/** A general JWE as go-jose writes it: the first recipient's key stands at the top as well. */
async function general(
  pairs: readonly KeyPair[],
): Promise<{ readonly recipients: readonly object[]; readonly encrypted_key: string | undefined }> {
  const writer = new GeneralEncrypt(Buffer.from(secret)).setProtectedHeader({ enc: "A256GCM" });
  for (const { publicKey } of pairs) {
    const alg = publicKey.asymmetricKeyType === "rsa" ? "RSA-OAEP" : "ECDH-ES+A256KW";
    writer.addRecipient(publicKey).setUnprotectedHeader({ alg });
  }
  const packet = await writer.encrypt();
  return { ...packet, encrypted_key: packet.recipients[0]?.encrypted_key };
}

test("faults/37: a recipient with a refused algorithm does not hide one that opens", async () => {
  const packet = await general([rsa, ec]);
  const refused = { header: { alg: "PBES2-HS256+A128KW", p2c: 1e9, p2s: "AAAAAAAAAAAAAAAA" }, encrypted_key: "AAAA" };
  assert.equal(await unwrap({ ...packet, recipients: [refused, ...packet.recipients] }), secret);
});

test("faults/37: compression and extensions are refused, even for the right key", async () => {
  for (const [header, message] of [
    [{ zip: "DEF" }, /is compressed/],
    [{ crit: ["x"], x: 1 }, /demands extensions/],
  ] as const) {
    const alg = { alg: "RSA-OAEP", enc: "A256GCM", ...header };
    await assert.rejects(unwrap(forNobody({ protected: encoded(alg) })), expectedError("UNSUPPORTED", message));
    const { protected: _, ...own } = jweMembers(await sealedFor(rsa));
    await assert.rejects(
      unwrap({ ...own, protected: encoded(alg), header: {} }),
      expectedError("UNSUPPORTED", message),
    );
  }
  const bomb = await new CompactEncrypt(Buffer.alloc(10_000_000))
    .setProtectedHeader({ alg: "RSA-OAEP", enc: "A256GCM", zip: "DEF" })
    .encrypt(rsa.publicKey);
  await assert.rejects(unwrap(bomb), expectedError("UNSUPPORTED", /is compressed/));
});

test("faults/37: addresses in a header are never fetched", async () => {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address);
  const url = `http://127.0.0.1:${address.port}/`;
  const writer = new FlattenedEncrypt(Buffer.from(secret)).setProtectedHeader({
    alg: "RSA-OAEP",
    enc: "A256GCM",
    jku: url,
    x5u: url,
  });
  try {
    assert.equal(await unwrap(await writer.encrypt(rsa.publicKey)), secret);
    assert.equal(await unwrap(await writer.encrypt(rsaPair(2048, "two").publicKey)), undefined);
    assert.equal(requests, 0);
  } finally {
    server.close();
  }
});

test("faults/37: an ephemeral key off its curve, of another curve, at infinity or private is a plain failure", async () => {
  const packet = jweMembers(await sealedFor(ec));
  const own = JSON.parse(Buffer.from(String(packet["protected"]), "base64url").toString());
  const zero = Buffer.alloc(32).toString("base64url");
  const other = ecPair("P-384").publicKey.export({ format: "jwk" });
  const epks: readonly unknown[] = [
    { ...own.epk, y: own.epk.x },
    { ...own.epk, x: zero, y: zero },
    { ...own.epk, x: "", y: "" },
    { ...own.epk, y: undefined },
    { ...own.epk, kty: "OKP" },
    { ...own.epk, crv: "P-384" },
    { ...other },
    { ...other, crv: "P-256" },
    { ...ec.privateKey.export({ format: "jwk" }) },
    { crv: "X25519", kty: "OKP", x: zero },
    null,
    "P-256",
    [],
  ];
  for (const epk of epks) assert.equal(await unwrap({ ...packet, protected: encoded({ ...own, epk }) }), undefined);
});

test("faults/37: an encrypted key, nonce or tag of a wrong length is a plain failure", async () => {
  for (const pair of [rsa, ec]) {
    const packet = jweMembers(await sealedFor(pair));
    for (const name of ["encrypted_key", "iv", "tag"]) {
      for (const value of ["AA", "AAAAAA", `${packet[name]}AAAA`, String(packet[name]).slice(0, -4)]) {
        assert.equal(await unwrap({ ...packet, [name]: value }), undefined, `${name} ${value}`);
      }
    }
    assert.equal(await unwrap({ ...packet, encrypted_key: "" }), undefined);
    assert.equal(await unwrap({ ...packet, encrypted_key: undefined }), undefined);
  }
});

test("faults/37: the compact form opens", async () => {
  for (const [alg, { publicKey }] of [
    ["RSA-OAEP", rsa],
    ["ECDH-ES+A128KW", ec],
  ] as const) {
    const text = await new CompactEncrypt(Buffer.from(secret))
      .setProtectedHeader({ alg, enc: "A256GCM" })
      .encrypt(publicKey);
    assert.equal(
      await unwrap(`${text}
`),
      secret,
    );
  }
});

test("a general wrapped key opens with the key of each of its recipients, repeated ones too", async () => {
  const pairs = [rsaPair(2048, "two"), rsa, rsa, ecPair("P-384")];
  const packet = jwePacket(await general(pairs));
  for (const { privateKey } of [...pairs, ec]) {
    const unwrapper = await jwe.unwrapWith([decryptionKey(privateKey)]);
    const found = await unwrapper?.unwrap(packet);
    assert.equal(found && Buffer.from(found).toString(), privateKey === ec.privateKey ? undefined : secret);
  }
});

test("every content encryption of the allow-list opens", async () => {
  for (const enc of ["A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"]) {
    const writer = new FlattenedEncrypt(Buffer.from(secret)).setProtectedHeader({ alg: "RSA-OAEP-256", enc });
    assert.equal(await unwrap(await writer.encrypt(rsa.publicKey)), secret);
  }
});

test("a kid that is missing or foreign does not keep a key from being tried", async () => {
  const { header: _, ...packet } = jweMembers(await sealedFor(rsa));
  for (const header of [undefined, {}, { kid: "foreign" }, { kid: 5 }, { kid: thumbprint(ec.publicKey) }]) {
    assert.equal(await unwrap({ ...packet, header }), secret);
  }
});

test("the recipient that a wrapped key names is tried first", async (context) => {
  const packet = await general([rsaPair(2048, "two"), rsaPair(2048, "three"), rsa]);
  const kids = ["two", "three", thumbprint(rsa.publicKey)];
  const recipients = packet.recipients.map((recipient, i) => ({
    ...recipient,
    header: { alg: "RSA-OAEP", kid: kids[i] },
  }));
  const { mock } = context.mock.method(crypto.subtle, "decrypt");
  assert.equal(await unwrap({ ...packet, recipients }), secret);
  // One for the content key, one for the content.
  assert.equal(mock.callCount(), 2);
});
