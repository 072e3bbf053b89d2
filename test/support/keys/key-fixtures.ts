import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKey } from "openpgp";
import { der, derObjectIdentifier, tags } from "../../../src/keys/x509/der.js";
import { generateSigstoreKeyPair } from "../../../src/sign/sigstore/key-file.js";
import { keyFileBytes } from "./key-forms.js";
import { makeCertificate } from "./key-material.js";
import { ecPair, jwkFile, rsaPair } from "./key-pair.js";
import { wrappedForms } from "./wrapped-forms.js";

/** A file as somebody may give it for a key. */
export interface KeyFixture {
  /** Which of the variants of a form it is. */
  readonly name: string;
  readonly value: Uint8Array;
  readonly passphrase?: Uint8Array;
}

type Content = string | Uint8Array;

const passphrase = Buffer.from("hunter2");
const cipher = { cipher: "aes-256-cbc", passphrase: "hunter2" };

/** Files of every form that docs/keys.md lists, by the name of its row and in its order. */
export async function keyFixtures(): Promise<ReadonlyMap<string, readonly KeyFixture[]>> {
  const forms: (readonly [string, Readonly<Record<string, Content>>])[] = [
    ...Object.entries(plainKeys()),
    ...Object.entries(await certificates()),
    ...Object.entries(jwks()),
    ...Object.entries(changed()),
    ...Object.entries(await openPgp()),
    ...Object.entries(await refused()),
  ];
  return new Map(
    forms.map(([form, variants]) => [
      form,
      Object.entries(variants).map(([name, content]) => ({ name, value: Buffer.from(content), passphrase })),
    ]),
  );
}

const rsa = rsaPair();
const ec = ecPair();
const [rsaJwk, ecJwk] = [rsa, ec].map(({ privateKey }) => privateKey.export({ format: "jwk" }));

function agePackets(name: string): Buffer {
  return readFileSync(join("test", "vectors", "age-packets", name));
}

function pem(key: KeyObject, type: "spki" | "pkcs8" | "pkcs1" | "sec1", options: object = {}): string {
  if (key.type === "public") return key.export({ type: type === "pkcs1" ? type : "spki", format: "pem" }).toString();
  if (type === "spki") throw new Error("a private key has no such form");
  return key.export({ type, format: "pem", ...options }).toString();
}

function derOf(text: string): Buffer {
  return Buffer.from(text.replace(/-----.*-----/g, ""), "base64");
}

function both(text: string): Readonly<Record<string, Content>> {
  return { PEM: text, DER: derOf(text) };
}

const rsaPublic = pem(rsa.publicKey, "spki");
const ecPrivate = pem(ec.privateKey, "pkcs8");

function plainKeys(): Readonly<Record<string, Readonly<Record<string, Content>>>> {
  const point = derOf(pem(ec.privateKey, "sec1"));
  const scalar = point.subarray(7, 39);
  const curve = der(0xa0, derObjectIdentifier("1.2.840.10045.3.1.7"));
  const bare = der(tags.sequence, der(tags.integer, Buffer.of(1)), der(tags.octetString, scalar), curve);
  return {
    "public key (SubjectPublicKeyInfo)": both(rsaPublic),
    "PKCS#1 public key": both(pem(rsa.publicKey, "pkcs1")),
    "PKCS#8 private key": both(ecPrivate),
    "PKCS#8 private key, encrypted": both(pem(ec.privateKey, "pkcs8", cipher)),
    "PKCS#1 private key": both(pem(rsa.privateKey, "pkcs1")),
    "SEC1 private key": both(pem(ec.privateKey, "sec1")),
    "SEC1 private key without the public half": { DER: bare },
    "PEM encrypted as before PKCS#8": {
      "PKCS#1": pem(rsa.privateKey, "pkcs1", cipher),
      "on one line": pem(rsa.privateKey, "pkcs1", cipher).replaceAll("\n", " "),
      "OpenSSL's": keyFileBytes("legacy-des3.pem"),
    },
    "PEM with the wrong label": {
      "PKCS#1 as PUBLIC KEY": pem(rsa.publicKey, "pkcs1").replaceAll("RSA PUBLIC", "PUBLIC"),
      "SPKI as CERTIFICATE": rsaPublic.replaceAll("PUBLIC KEY", "CERTIFICATE"),
    },
    "several public keys": { PEM: rsaPublic + pem(ec.publicKey, "spki") },
    "several private keys": { PEM: ecPrivate + pem(rsa.privateKey, "pkcs8") },
  };
}

async function certificates(): Promise<Readonly<Record<string, Readonly<Record<string, Content>>>>> {
  const directory = await mkdtemp(join(tmpdir(), "key-fixtures-"));
  try {
    const files = makeCertificate(directory, "one");
    const text = readFileSync(files.certificate, "utf8");
    return {
      "certificate, RSA": {
        ...both(text),
        "openssl x509 -text": `Certificate:\n    Data:\n        Version: 3 (0x2)\n${text}`,
      },
      "certificate, EC": {
        PEM: keyFileBytes("certificate.pem"),
        "with its chain": keyFileBytes("chain-upside-down.pem")
          .toString()
          .split(/(?<=END CERTIFICATE-----\n)/)
          .reverse()
          .join(""),
      },
      "certificate and its private key": { PEM: text + readFileSync(files.privateKey, "utf8") },
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

function jwks(): Readonly<Record<string, Readonly<Record<string, Content>>>> {
  const { n, e, d } = rsaJwk ?? {};
  const { crv, d: scalar } = ecJwk ?? {};
  const json = (value: object): string => JSON.stringify(value);
  const okp = generateKeyPairSync("x25519");
  return {
    "JWK, public": { RSA: jwkFile(rsa.publicKey), EC: jwkFile(ec.publicKey) },
    "JWK, private": {
      RSA: jwkFile(rsa.privateKey),
      EC: jwkFile(ec.privateKey),
      "RSA with n, e and d": json({ kty: "RSA", n, e, d }),
      "EC without x and y": json({ kty: "EC", crv, d: scalar }),
    },
    "JWK set, public": { "with others": `{"keys":[{"kty":"oct","k":"AAAA"},${jwkFile(ec.publicKey)}]}` },
    "JWK, public, kept for encryption": {
      use: jwkFile(rsa.publicKey, { use: "enc" }),
      key_ops: jwkFile(rsa.publicKey, { key_ops: ["wrapKey"] }),
      encrypt: jwkFile(rsa.publicKey, { key_ops: ["encrypt"] }),
      alg: jwkFile(rsa.publicKey, { alg: "RSA-OAEP-256" }),
      EC: jwkFile(ec.publicKey, { key_ops: ["deriveBits"] }),
    },
    "JWK, private, kept for encryption": {
      use: jwkFile(rsa.privateKey, { use: "enc" }),
      key_ops: jwkFile(rsa.privateKey, { key_ops: ["unwrapKey"] }),
      decrypt: jwkFile(rsa.privateKey, { key_ops: ["decrypt"] }),
      alg: jwkFile(ec.privateKey, { alg: "ECDH-ES+A256KW" }),
    },
    "JWK, public, kept for signatures": {
      use: jwkFile(rsa.publicKey, { use: "sig" }),
      key_ops: jwkFile(rsa.publicKey, { key_ops: ["verify"] }),
      alg: jwkFile(rsa.publicKey, { alg: "RS256" }),
    },
    "JWK, private, kept for signatures": {
      use: jwkFile(ec.privateKey, { use: "sig" }),
      key_ops: jwkFile(ec.privateKey, { key_ops: ["sign"] }),
      alg: jwkFile(ec.privateKey, { alg: "ES256" }),
    },
    "JWK, symmetric": { oct: '{"kty":"oct","k":"AAAA"}' },
    "JWK, malformed": {
      key_ops: jwkFile(rsa.publicKey, { key_ops: "encrypt" }),
      "a type alone": json({ kty: "EC" }),
      "a modulus alone": json({ kty: "RSA", n }),
      "n and d of two keys": json({ kty: "RSA", n, e, d: rsaPair(2048, "two").privateKey.export({ format: "jwk" }).d }),
    },
    "key on Curve25519": {
      JWK: jwkFile(okp.privateKey),
      PEM: pem(okp.privateKey, "pkcs8"),
      public: pem(okp.publicKey, "spki"),
    },
  };
}

function utf16be(text: string): Buffer {
  return Buffer.from(text, "utf16le").swap16();
}

/** One key each in what mail, web pages, variables and editors make of it. */
function changed(): Readonly<Record<string, Readonly<Record<string, Content>>>> {
  const inText = (text: string): string => `Good morning,\nhere it is:\n\n${text}\n-- \nAlice`;
  const forms = (text: string): Readonly<Record<string, Content>> => ({
    "UTF-8 with a mark": `\uFEFF${text}`,
    "UTF-16LE": Buffer.from(`\uFEFF${text}`, "utf16le"),
    "UTF-16LE without a mark": Buffer.from(text, "utf16le"),
    "UTF-16BE": utf16be(`\uFEFF${text}`),
    "literal line ends": JSON.stringify(text).slice(1, -1),
    "literal line ends, quoted": JSON.stringify(text.replaceAll("\n", "\r\n")),
    "spaces for line ends": text.replaceAll("\n", " "),
    "no line ends": text.replaceAll("\n", ""),
    "CR LF": text.replaceAll("\n", "\r\n"),
    indented: text.replace(/^/gm, "    "),
    "in a text": inText(text),
    quoted: inText(text).replace(/^/gm, "> "),
    "in a page": `<html><body><pre>${text.replaceAll("+", "&#43;").trim()}</pre></body></html>`,
    "base64 of the file": Buffer.from(text).toString("base64"),
    "base64 of the file, in lines": Buffer.from(inText(text)).toString("base64").replace(/.{76}/g, "$&\n"),
    "base64 of the DER": derOf(text).toString("base64"),
    "DER with something behind it": Buffer.concat([derOf(text), Buffer.from("\n")]),
  });
  return { "public key, changed on its way": forms(rsaPublic), "private key, changed on its way": forms(ecPrivate) };
}

async function openPgp(): Promise<Readonly<Record<string, Readonly<Record<string, Content>>>>> {
  const userIDs = [{ name: "alice", email: "a@example.test" }];
  const { publicKey, privateKey } = await generateKey({ userIDs, format: "armored" });
  const { publicKey: other } = await generateKey({ userIDs, format: "armored" });
  const forms = (text: string): Readonly<Record<string, Content>> => ({
    armored: text,
    binary: Buffer.from(text.replace(/-----.*-----|^=.*$/gm, ""), "base64"),
    "text before": `Here is my key:\n\n${text}`,
    "CR LF": `Here is my key:\r\n\r\n${text.replaceAll("\n", "\r\n")}\r\nAlice`,
    quoted: `> Here is my key:\n${text.replace(/^/gm, "> ")}`,
    signed: `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${text.replace(/^-/gm, "- -")}\n-----BEGIN PGP SIGNATURE-----\n\nwsB=\n-----END PGP SIGNATURE-----\n`,
    "in a page": `<html><body><h2>Search</h2>\n<pre>${text.trim()}</pre></body></html>`,
    headers: text.replace(/^(-----BEGIN.*-----\r?\n)/, "$1Version: GnuPG v2\nComment: a key: of mine\n"),
    "no line ends": text.replace(/\r?\n/g, ""),
    "literal line ends": text.replace(/\r?\n/g, "\\n"),
    "UTF-16LE": Buffer.from(`\uFEFF${text}`, "utf16le"),
    "base64 of the file": Buffer.from(text).toString("base64"),
  });
  return {
    "OpenPGP public key": { ...forms(publicKey), several: `one:\n${publicKey}\ntwo:\n${other}\nthat is all` },
    "OpenPGP secret key": forms(privateKey),
    "OpenPGP key, damaged": { cut: publicKey.slice(0, 300) },
  };
}

async function refused(): Promise<Readonly<Record<string, Readonly<Record<string, Content>>>>> {
  const sequence = (...members: readonly Uint8Array[]): Uint8Array => der(tags.sequence, ...members);
  const time = der(0x17, Buffer.from("250101000000Z"));
  const bits = der(tags.bitString, Buffer.of(0));
  const list = sequence(sequence(sequence(), sequence(), time, time), sequence(), bits);
  const bundle = sequence(derObjectIdentifier("1.2.840.113549.1.7.2"), der(0xa0, sequence()));
  const inPem = (label: string, body: Uint8Array): string =>
    `-----BEGIN ${label}-----\n${Buffer.from(body).toString("base64")}\n-----END ${label}-----\n`;
  const { privatePem } = await generateSigstoreKeyPair(passphrase);
  const blob = Buffer.alloc(40, "x").toString("base64");
  const short = generateKeyPairSync("rsa", { modulusLength: 1024 });
  return {
    "cosign key, encrypted": {
      "ENCRYPTED SIGSTORE": privatePem,
      "ENCRYPTED COSIGN": privatePem.replaceAll("SIGSTORE", "COSIGN"),
      "literal line ends": privatePem.replaceAll("\n", "\\n"),
    },
    "PKCS#12 bundle (.p12, .pfx)": {
      DER: keyFileBytes("bundle.p12"),
      BER: Buffer.from("308002010330800609", "hex"),
      base64: keyFileBytes("bundle.p12").toString("base64"),
    },
    "PKCS#7 bundle (.p7b)": { DER: bundle, PEM: inPem("PKCS7", bundle) },
    "Java key store": { JKS: Buffer.from("feedfeed00000002", "hex"), JCEKS: Buffer.from("cececece00000002", "hex") },
    "PuTTY key (.ppk)": {
      2: "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\n",
      3: "PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\n",
    },
    "OpenSSH private key": { Ed25519: agePackets("ssh-ed25519"), "RSA with a passphrase": agePackets("ssh-rsa") },
    "OpenSSH private key, ECDSA": { EC: keyFileBytes("openssh.key") },
    "OpenSSH public key": { Ed25519: agePackets("ssh-ed25519.pub"), RSA: agePackets("ssh-rsa.pub") },
    "OpenSSH public key, ECDSA": { EC: keyFileBytes("openssh.key.pub") },
    "OpenSSH public key of a security key": { "security key": `sk-ssh-ed25519@openssh.com AAAAGnNr${blob}` },
    "OpenSSH public key, damaged": {
      RSA: `ssh-rsa AAAAB3NzaC1yc2E${blob} a@b\n`,
      Ed25519: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5${blob}`,
    },
    "SSH2 public key": {
      RFC4716: `---- BEGIN SSH2 PUBLIC KEY ----\nComment: x\n${blob}\n---- END SSH2 PUBLIC KEY ----\n`,
    },
    "age recipient": { X25519: agePackets("x25519.recipient"), hybrid: agePackets("hybrid.recipient") },
    "age recipient, damaged": { recipient: `age1${"q".repeat(58)}\n` },
    "age identity": {
      X25519: agePackets("x25519.identity"),
      hybrid: agePackets("hybrid.identity"),
      "with a passphrase": agePackets("x25519-encrypted.identity"),
    },
    "age identity, damaged": { identity: `# created: 2026\n# public key: age1qq\nAGE-SECRET-KEY-1${"Q".repeat(58)}\n` },
    "minisign or signify key": {
      minisign: `untrusted comment: minisign public key 1\nRW${blob}\n`,
      signify: `untrusted comment: signify secret key\n${blob}\n`,
    },
    "certificate request (CSR)": {
      PEM: keyFileBytes("request.pem"),
      DER: derOf(keyFileBytes("request.pem").toString()),
    },
    "revocation list (CRL)": { DER: list, PEM: inPem("X509 CRL", list) },
    "DSA key": { "PKCS#8": keyFileBytes("dsa.pem") },
    "RSA private key of 1024 to 2047 bits": { private: pem(short.privateKey, "pkcs8") },
    "RSA public key below 2048 bits": { public: pem(short.publicKey, "spki") },
    "PEM block, damaged": {
      cut: ecPrivate.slice(0, 80),
      "no base64": ecPrivate.replace(/M/, "*"),
      public: rsaPublic.slice(0, 200),
    },
    "address in a key service": {
      AWS: "awskms:///alias/x",
      GCP: "gcpkms://projects/p/locations/l",
      Azure: "azurekms://v.vault.azure.net/k",
      Vault: "hashivault://x",
      ARN: "arn:aws:kms:eu-west-1:1:key/x",
    },
    "Kubernetes Secret": {
      YAML: `apiVersion: v1\nkind: Secret\ndata:\n  tls.key: ${blob}\n`,
      JSON: `{"apiVersion": "v1", "data": {"k": "${blob}"}, "kind": "Secret"}`,
    },
    "empty file": { empty: "", blank: "\n \n" },
    ...wrappedForms(ecPrivate),
    "file above 1 MiB": { zeros: Buffer.alloc(2 ** 20 + 1) },
    "anything else": { text: "this is not a key\n", JSON: "{}" },
  };
}
