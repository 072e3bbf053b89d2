import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { DecryptionKey, EncryptionKey, WrapperOptions } from "../../src/doors/crypt.js";
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
import { configureProviders, type RunningService, startService } from "../support/keys/key-provider.js";
import { broughtPeer, firstMissing, type Peer, run, systemPeer } from "../support/process/peer.js";
import { scratchDirectory } from "../support/scratch.js";

/** One way of sealing and opening, in our words and in the peer's. */
interface Exchange {
  readonly seal: readonly EncryptionKey[];
  readonly open: readonly DecryptionKey[];
  readonly peerSeal: readonly string[];
  readonly peerOpen: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const old = systemPeer("skopeo");
const newer = broughtPeer("skopeo-trixie");
const gpg = systemPeer("gpg");
const softHsm: Peer = {
  program: "softhsm2-util",
  missing: existsSync(softHsmModule)
    ? systemPeer("softhsm2-util").missing
    : `there is no ${softHsmModule}: apt-get install softhsm2`,
};

const scratch = scratchDirectory();
let plain: LayoutImage;
let service: RunningService | undefined;
let counter = 0;

before(async () => {
  plain = await writePlainImage(join(scratch, "plain"));
});

after(async () => service?.end());

for (const [name, peer] of [
  ["Debian 12's skopeo", old],
  ["Debian 13's skopeo", newer],
] as const) {
  const skip = firstMissing(peer);
  test(`jwe goes both ways with ${name}`, { skip }, () => bothWays(peer, certificateExchange("jwe")));
  test(`pkcs7 goes both ways with ${name}`, { skip }, () => bothWays(peer, certificateExchange("pkcs7")));
  test(`pgp goes both ways with ${name}`, { skip: firstMissing(peer, gpg) }, () => pgpBothWays(peer));
}

test("pkcs11 goes both ways with Debian 13's skopeo, through a token", {
  skip: firstMissing(newer, softHsm),
}, async () => {
  const token = makeSoftToken(scratch);
  const environment = { OCICRYPT_CONFIG: "internal", OCICRYPT_OAEP_HASHALG: "sha1" };
  await bothWays(newer, {
    seal: [recipientFile("pkcs11", token.publicKey)],
    open: [keyFile(token.keyFile)],
    peerSeal: [`pkcs11:${token.keyFile}`],
    peerOpen: [token.keyFile],
    environment,
  });
  await bothWays(newer, {
    seal: [recipientFile("pkcs11", token.keyFile)],
    open: [keyFile(token.privateKey)],
    peerSeal: [`pkcs11:${token.publicKey}`],
    peerOpen: [token.keyFile],
    environment,
  });
});

test("a provider that is a command goes both ways with Debian 13's skopeo", { skip: firstMissing(newer) }, async () => {
  const { environment } = configureProviders(scratch);
  await bothWays(newer, providerExchange(environment));
});

test("a provider that is a service goes both ways with Debian 13's skopeo", { skip: firstMissing(newer) }, async () => {
  const { key } = configureProviders(scratch);
  service = await startService(key);
  const { environment, ...written } = configureProviders(scratch, { example: { grpc: service.address } });
  // The service has read its key already; the new one in the directory is nobody's.
  assert.ok(written.configuration);
  await bothWays(newer, providerExchange(environment));
});

test("an image for every scheme opens with each of them in Debian 13's skopeo", {
  skip: firstMissing(newer, gpg),
}, async () => {
  const home = makeGpgHome(scratch, ["All <all@example.test>"]);
  try {
    const pair = makeCertificate(scratch, "all");
    const { environment } = configureProviders(scratch);
    const keys = [
      recipientFile("jwe", pair.certificate),
      recipientFile("pkcs7", pair.certificate),
      recipientWord("pgp", "all@example.test"),
      recipientWord("provider", "example"),
    ];
    const options = { environment: { ...environment, GNUPGHOME: home.directory } };
    const sealed = await sealImage(plain, join(scratch, "every"), { keys, options });
    const secretRing = join(scratch, "all.gpg");
    writeFileSync(secretRing, home.gpg(["--export-secret-keys"]));
    for (const peerOpen of [[pair.privateKey], [pair.privateKey, pair.certificate], [secretRing]]) {
      assert.equal(await peerOpens(newer, sealed, { peerOpen, environment: {} }), plain.plainDigest);
    }
    const peerOpen = ["provider:example"];
    assert.equal(await peerOpens(newer, sealed, { peerOpen, environment }), plain.plainDigest);
  } finally {
    home.end();
  }
});

function certificateExchange(scheme: "jwe" | "pkcs7"): Exchange {
  const { certificate, privateKey } = makeCertificate(scratch, `${scheme}-${++counter}`);
  const publicKey = publicKeyOf(privateKey);
  return {
    seal: [recipientFile(scheme, certificate)],
    open: [keyFile(privateKey), keyFile(certificate)].slice(0, scheme === "jwe" ? 1 : 2),
    peerSeal: [`${scheme}:${scheme === "jwe" ? publicKey : certificate}`],
    peerOpen: scheme === "jwe" ? [privateKey] : [privateKey, certificate],
  };
}

async function pgpBothWays(peer: Peer): Promise<void> {
  const home = makeGpgHome(scratch, ["Live Peer <live@example.test>"]);
  try {
    const secretRing = join(home.directory, "secret.gpg");
    writeFileSync(secretRing, home.gpg(["--export-secret-keys"]));
    const exchange = {
      seal: [recipientWord("pgp", "live@example.test")],
      peerSeal: ["pgp:live@example.test"],
      peerOpen: [secretRing],
      environment: { GNUPGHOME: home.directory },
    };
    await bothWays(peer, { ...exchange, open: [keyFile(secretRing)] });
    await bothWays(peer, { ...exchange, open: [keyWord("pgp", "")] });
  } finally {
    home.end();
  }
}

function providerExchange(environment: Exchange["environment"]): Exchange {
  return {
    seal: [recipientWord("provider", "example:some:parameter")],
    open: [keyWord("provider", "example")],
    peerSeal: ["provider:example:some:parameter"],
    peerOpen: ["provider:example"],
    environment: environment ?? {},
  };
}

/** Seals here and opens there, and the other way round. */
async function bothWays(peer: Peer, exchange: Exchange): Promise<void> {
  const options: WrapperOptions = { environment: { ...process.env, ...exchange.environment } };
  const ours = await sealImage(plain, join(scratch, `ours-${++counter}`), { keys: exchange.seal, options });
  assert.equal(await peerOpens(peer, ours, exchange), plain.plainDigest);
  const theirs = join(scratch, `theirs-${counter}`);
  const keys = exchange.peerSeal.flatMap((key) => ["--encryption-key", key]);
  await skopeo(peer, [...keys, `oci:${plain.directory}:${plain.tag}`, `oci:${theirs}:sealed`], exchange.environment);
  const sealed = { directory: theirs, tag: "sealed", plainDigest: plain.plainDigest };
  assert.equal(await openImage(sealed, exchange.open, options), plain.plainDigest);
}

async function peerOpens(
  peer: Peer,
  sealed: LayoutImage,
  exchange: Pick<Exchange, "peerOpen" | "environment">,
): Promise<string | undefined> {
  const opened = join(scratch, `opened-${++counter}`);
  const keys = exchange.peerOpen.flatMap((key) => ["--decryption-key", key]);
  await skopeo(peer, [...keys, `oci:${sealed.directory}:${sealed.tag}`, `oci:${opened}:plain`], exchange.environment);
  return layerDigest(opened, "plain");
}

async function skopeo(peer: Peer, args: readonly string[], environment: Exchange["environment"]): Promise<void> {
  const result = await run(peer, ["--insecure-policy", "copy", ...args], environment);
  assert.equal(result.status, 0, result.stderr);
}

function publicKeyOf(privateKey: string): string {
  const publicKey = `${privateKey}.pub`;
  writeFileSync(publicKey, createPublicKey(readFileSync(privateKey)).export({ type: "spki", format: "pem" }));
  return publicKey;
}
