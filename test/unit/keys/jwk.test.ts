import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import test from "node:test";
import fc from "fast-check";
import { readJwks, thumbprint } from "../../../src/keys/jwk.js";
import { ecPair, rsaPair } from "../../support/keys/key-pair.js";

test("the thumbprint of RFC 7638 section 3.1 comes out", () => {
  const n =
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn" +
    "64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1" +
    "n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
  const key = createPublicKey({ key: { kty: "RSA", n, e: "AQAB" }, format: "jwk" });
  assert.equal(thumbprint(key), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
});

test("both halves of a pair have one thumbprint, and no two pairs share it", () => {
  const pairs = [rsaPair(), ecPair(), ecPair("P-384"), ecPair("P-256", "two")];
  for (const { privateKey, publicKey } of pairs) assert.equal(thumbprint(privateKey), thumbprint(publicKey));
  assert.equal(new Set(pairs.map(({ publicKey }) => thumbprint(publicKey))).size, pairs.length);
});

test("members that are absent, empty or not text are undefined, and inherited ones do not exist", () => {
  const [jwk] = readJwks('{"kty":"RSA","n":"AQ","e":"AQAB","kid":5,"alg":"","__proto__":{"use":"sig","d":"AQ"}}') ?? [];
  assert.deepEqual(jwk?.members, {
    kid: undefined,
    alg: undefined,
    use: undefined,
    operations: undefined,
    inSet: false,
  });
  assert.equal(jwk?.kind, "public");
  assert.equal(readJwks('{"__proto__":{"kty":"RSA"}}'), undefined);
});

test("any text is read without an exception", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((text) => `{"kty":${text},"keys":[${text}]}`),
      ),
      (text) => {
        readJwks(text);
      },
    ),
  );
});
