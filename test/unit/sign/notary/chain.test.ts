// Needs openssl.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkValidity, readChain } from "../../../../src/sign/notary/chain/chain.js";
import {
  type ChainShape,
  leafExtensions,
  makeChain,
  vectorChain,
} from "../../../support/certificates/signing-chain.js";
import { expectedError } from "../../../support/expected-error.js";

const leafWith = (...extensions: readonly string[]): ChainShape => ({ leaf: { extensions } });
const rootWith = (...extensions: readonly string[]): ChainShape => ({ root: { extensions } });
const keyed = (...key: readonly string[]): ChainShape => ({ leaf: { key } });

const good: readonly (readonly [string, ChainShape])[] = [
  ["a leaf and a root", {}],
  ["a leaf, an intermediate and a root", { intermediates: [{}] }],
  [
    "a single self-signed certificate that keeps the rules of a leaf",
    { root: { extensions: leafExtensions }, leaf: "none" },
  ],
  [
    "path lengths that are just long enough",
    {
      root: { extensions: ["basicConstraints=critical,CA:TRUE,pathlen:1", "keyUsage=critical,keyCertSign"] },
      intermediates: [{ extensions: ["basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign"] }],
    },
  ],
  [
    "a leaf for signing code that says it is not an authority",
    {
      leaf: { extensions: [...leafExtensions, "basicConstraints=CA:FALSE", "extendedKeyUsage=codeSigning"] },
    },
  ],
  [
    "a leaf that also promises not to deny",
    { leaf: { extensions: ["keyUsage=critical,digitalSignature,nonRepudiation"] } },
  ],
  ["an extension that nobody knows and that is not critical", leafWith(...leafExtensions, "1.2.3.4=DER:0500")],
  [
    "an authority with another kind of key",
    { root: { key: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"] } },
  ],
  [
    "signatures by RSA-PSS with SHA-256",
    {
      root: {
        key: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        signedWith: ["-sha256", "-sigopt", "rsa_padding_mode:pss"],
      },
      leaf: { signedWith: ["-sha256", "-sigopt", "rsa_padding_mode:pss"] },
    },
  ],
];

for (const [what, shape] of good) {
  test(`a chain is accepted: ${what}`, () => {
    const { certificates } = makeChain(shape);
    assert.equal(readChain(certificates).certificates.length, certificates.length);
  });
}

const bad: readonly (readonly [string, ChainShape, RegExp])[] = [
  ["an authority without basic constraints", rootWith("keyUsage=critical,keyCertSign"), /does not say critically/],
  [
    "an authority whose basic constraints are not critical",
    rootWith("basicConstraints=CA:TRUE", "keyUsage=critical,keyCertSign"),
    /does not say critically/,
  ],
  [
    "an authority that says it is not one",
    rootWith("basicConstraints=critical,CA:FALSE", "keyUsage=critical,keyCertSign"),
    /does not say critically/,
  ],
  [
    "an authority without key usage",
    rootWith("basicConstraints=critical,CA:TRUE"),
    /key usage is not critical with keyCertSign/,
  ],
  [
    "an authority whose key usage is not critical",
    rootWith("basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign"),
    /key usage is not critical/,
  ],
  [
    "an authority that may not sign certificates",
    rootWith("basicConstraints=critical,CA:TRUE", "keyUsage=critical,cRLSign"),
    /keyCertSign/,
  ],
  [
    "more authorities than the path length allows",
    {
      root: { extensions: ["basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign"] },
      intermediates: [{}],
    },
    /longer than/,
  ],
  ["an intermediate that is not an authority", { intermediates: [{ extensions: leafExtensions }] }, /as an authority/],
  ["a leaf without key usage", leafWith("basicConstraints=CA:FALSE"), /without a critical key usage/],
  ["a leaf whose key usage is not critical", leafWith("keyUsage=digitalSignature"), /without a critical key usage/],
  ["a leaf that may not sign", leafWith("keyUsage=critical,nonRepudiation"), /without digitalSignature/],
  [
    "a leaf that is an authority",
    leafWith(...leafExtensions, "basicConstraints=critical,CA:TRUE"),
    /the authority .* as its leaf/,
  ],
  ["a single self-signed authority", { leaf: "none" }, /the authority .* as its leaf/],
  ...["keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign"].map(
    (use): [string, ChainShape, RegExp] => [
      `a leaf with ${use}`,
      leafWith(`keyUsage=critical,digitalSignature,${use}`),
      new RegExp(`key usage ${use}`),
    ],
  ),
  [
    "a leaf with decipherOnly, the bit in the second octet",
    leafWith("keyUsage=critical,digitalSignature,decipherOnly"),
    /decipherOnly/,
  ],
  ...["serverAuth", "clientAuth", "emailProtection", "timeStamping", "OCSPSigning", "anyExtendedKeyUsage"].map(
    (purpose): [string, ChainShape, RegExp] => [
      `a leaf for ${purpose} beside signing code`,
      leafWith(...leafExtensions, `extendedKeyUsage=codeSigning,${purpose}`),
      /with the purpose/,
    ],
  ),
  ["a leaf with an RSA key of 1024 bits", keyed("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"), /1024 bits/],
  [
    "a leaf with an RSA key of a size between",
    keyed("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2560"),
    /kind or size/,
  ],
  ["a leaf with an Ed25519 key", keyed("-algorithm", "ED25519"), /kind or size/],
  [
    "a leaf with a curve of 224 bits",
    keyed("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp224r1"),
    /not on P-256, P-384 or P-521/,
  ],
  [
    "a leaf with another curve of 256 bits",
    keyed("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
    /not on P-256, P-384 or P-521/,
  ],
  ["a leaf signed with SHA-1", { leaf: { signedWith: ["-sha1"] } }, /algorithm that is not accepted/],
  ["a root signed with SHA-1", { root: { signedWith: ["-sha1"] } }, /algorithm that is not accepted/],
  [
    "signatures by RSA-PSS whose mask is made with SHA-1",
    {
      root: { key: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"] },
      leaf: { signedWith: ["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_mgf1_md:sha1"] },
    },
    /algorithm that is not accepted/,
  ],
  [
    "signatures by RSA-PSS with SHA-1",
    {
      root: { key: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"] },
      leaf: { signedWith: ["-sha1", "-sigopt", "rsa_padding_mode:pss"] },
    },
    /algorithm that is not accepted/,
  ],
];

for (const [what, shape, reason] of bad) {
  test(`a chain is refused: ${what}`, () => {
    assert.throws(() => readChain(makeChain(shape).certificates), expectedError("UNTRUSTED", reason));
  });
}

const [leaf, intermediate, root] = vectorChain("ec256").certificates;
const stranger = vectorChain("other").certificates.at(-1);

const misplaced: readonly (readonly [string, readonly (Uint8Array | undefined)[], RegExp])[] = [
  ["no root", [leaf, intermediate], /not a self-signed root/],
  ["no intermediate", [leaf, root], /did not issue/],
  ["the root first", [root, intermediate, leaf], /not a self-signed root/],
  ["the intermediate twice", [leaf, intermediate, intermediate, root], /did not issue/],
  ["the root twice", [leaf, intermediate, root, root], /self-signed .* before its end/],
  ["a stranger's root behind the root", [leaf, intermediate, root, stranger], /self-signed .* before its end/],
  ["a stranger's root in place of the root", [leaf, intermediate, stranger], /did not issue/],
  ["nothing", [], /is empty/],
  ["more certificates than are looked at", Array.from({ length: 17 }, () => leaf), /the limit is 16/],
];

for (const [what, certificates, reason] of misplaced) {
  test(`a chain is refused when it has ${what}`, () => {
    const given = certificates.filter((one) => one !== undefined);
    assert.throws(() => readChain(given), expectedError("UNTRUSTED", reason));
  });
}

test("a chain with an issuer of the same name and another key is refused", () => {
  const [one, another] = [makeChain(), makeChain()];
  const mixed = [...one.certificates.slice(0, 1), ...another.certificates.slice(1)];
  assert.throws(() => readChain(mixed), expectedError("UNTRUSTED", /did not issue/));
});

test("what is not a certificate is refused as malformed, also PEM in place of DER, and bytes after the end", () => {
  assert.ok(leaf && intermediate && root);
  const pem = Buffer.from(
    `-----BEGIN CERTIFICATE-----\n${Buffer.from(leaf).toString("base64")}\n-----END CERTIFICATE-----\n`,
  );
  for (const strange of [Buffer.from("nothing"), pem, Buffer.concat([leaf, Buffer.of(0)]), leaf.subarray(0, 100)]) {
    assert.throws(() => readChain([strange, intermediate, root]), expectedError("CORRUPT"));
  }
});

test("a chain is valid from the first to the last second, and no longer", () => {
  const chain = readChain(vectorChain("expired").certificates);
  for (const time of ["2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"]) checkValidity(chain, new Date(time));
  for (const time of ["2023-12-31T23:59:59Z", "2025-01-01T00:00:01Z"]) {
    assert.throws(
      () => checkValidity(chain, new Date(time)),
      expectedError("UNTRUSTED", /expired signer.* is valid from/),
    );
  }
});
