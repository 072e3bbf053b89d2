import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { DecryptionKey, EncryptionKey } from "../../src/doors/index.js";
import {
  type LayoutImage,
  layerDigest,
  openImage,
  sealImage,
  writePlainImage,
} from "../support/images/one-layer-image.js";
import {
  keyFile,
  keyWord,
  makeCertificate,
  makeGpgHome,
  makeSoftToken,
  recipientFile,
  recipientWord,
  softHsmModule,
} from "../support/keys/key-material.js";
import { configureProviders } from "../support/keys/key-provider.js";
import { systemPeer } from "../support/process/peer.js";
import { type Containerd, containerdMissing, startContainerd } from "../support/runtime/containerd.js";
import { scratchDirectory } from "../support/scratch.js";

const scratch = scratchDirectory();
const noToken = existsSync(softHsmModule) ? false : `there is no ${softHsmModule}: apt-get install softhsm2`;
let plain: LayoutImage;
let containerd: Containerd | undefined;

before(async () => {
  plain = await writePlainImage(join(scratch, "plain"));
  if (containerdMissing === false) containerd = await startContainerd(join(scratch, "containerd"));
});

after(async () => containerd?.end());

/** One way of sealing and opening, in our words and in ctr-imgcrypt's. */
interface Exchange {
  readonly seal: EncryptionKey;
  readonly open: readonly DecryptionKey[];
  readonly recipient: string;
  readonly key: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

test("jwe goes both ways with ctr-imgcrypt", { skip: containerdMissing }, async () => {
  const { privateKey } = makeCertificate(scratch, "jwe");
  const publicKey = join(scratch, "jwe.pub");
  writeFileSync(publicKey, createPublicKey(readFileSync(privateKey)).export({ type: "spki", format: "pem" }));
  await bothWays("jwe", {
    seal: recipientFile("jwe", publicKey),
    open: [keyFile(privateKey)],
    recipient: `jwe:${publicKey}`,
    key: ["--key", privateKey],
  });
});

test("pkcs7 goes both ways with ctr-imgcrypt", { skip: containerdMissing }, async () => {
  const { certificate, privateKey } = makeCertificate(scratch, "pkcs7");
  await bothWays("pkcs7", {
    seal: recipientFile("pkcs7", certificate),
    open: [keyFile(privateKey)],
    recipient: `pkcs7:${certificate}`,
    key: ["--key", privateKey, "--dec-recipient", `pkcs7:${certificate}`],
  });
});

test("pgp goes both ways with ctr-imgcrypt", { skip: containerdMissing || systemPeer("gpg").missing }, async () => {
  const home = makeGpgHome(scratch, ["Ctr <ctr@example.test>"]);
  const secretKey = join(home.directory, "secret.gpg");
  writeFileSync(secretKey, home.gpg(["--export-secret-keys"]));
  try {
    await bothWays("pgp", {
      seal: recipientWord("pgp", "ctr@example.test"),
      open: [keyFile(secretKey)],
      recipient: "pgp:ctr@example.test",
      key: ["--key", secretKey],
      environment: { GNUPGHOME: home.directory },
    });
  } finally {
    home.end();
  }
});

test("pkcs11 goes both ways with ctr-imgcrypt", { skip: containerdMissing || noToken }, async () => {
  const token = makeSoftToken(scratch);
  await bothWays("pkcs11", {
    seal: recipientFile("pkcs11", token.publicKey),
    open: [keyFile(token.keyFile)],
    recipient: `pkcs11:${token.keyFile}`,
    key: ["--key", token.keyFile],
    environment: { OCICRYPT_CONFIG: "internal", OCICRYPT_OAEP_HASHALG: "sha1" },
  });
});

test("a provider goes both ways with ctr-imgcrypt", { skip: containerdMissing }, async () => {
  const { configuration } = configureProviders(scratch);
  await bothWays("provider", {
    seal: recipientWord("provider", "example"),
    open: [keyWord("provider", "example")],
    recipient: "provider:example",
    key: ["--key", "provider:example"],
    environment: { OCICRYPT_KEYPROVIDER_CONFIG: configuration },
  });
});

async function bothWays(name: string, exchange: Exchange): Promise<void> {
  const peer = containerd;
  assert.ok(peer);
  const before = { ...process.env };
  Object.assign(process.env, exchange.environment);
  try {
    const ours = await sealImage(plain, join(scratch, `${name}-ours`), { keys: [exchange.seal] });
    const taken = await peer.take(`${name}-ours`, ours);
    await peer.ctr("images", "decrypt", ...exchange.key, taken, `test/${name}:opened`);
    await peer.give(`test/${name}:opened`, join(scratch, `${name}-opened`));
    assert.equal(await layerDigest(join(scratch, `${name}-opened`), "opened"), plain.plainDigest);

    const source = await peer.take(`${name}-plain`, plain);
    await peer.ctr("images", "encrypt", "--recipient", exchange.recipient, source, `test/${name}:sealed`);
    const directory = join(scratch, `${name}-theirs`);
    await peer.give(`test/${name}:sealed`, directory);
    const theirs = { directory, tag: "sealed", plainDigest: plain.plainDigest };
    assert.equal(await openImage(theirs, exchange.open), plain.plainDigest);
  } finally {
    for (const variable of Object.keys(exchange.environment ?? {})) delete process.env[variable];
    Object.assign(process.env, before);
  }
}
