import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { pgp } from "../../../../src/crypt/schemes/pgp/pgp.js";
import type { DecryptionKey, EncryptionKey, WrappedKey, WrapperOptions } from "../../../../src/doors/crypt.js";
import { expectedError } from "../../../support/expected-error.js";
import {
  type GpgHome,
  keyFile,
  keyWord,
  makeGpgHome,
  recipientFile,
  recipientWord,
} from "../../../support/keys/key-material.js";
import { systemPeer } from "../../../support/process/peer.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();
const skip = systemPeer("gpg").missing;
const secret = randomBytes(193);
const homes: GpgHome[] = [];
after(() => {
  for (const { end } of homes) end();
});

const home = skip === false ? newHome(["Alice (work) <alice@example.test>", "Bob <bob@example.test>"]) : undefined;

test("a recipient is found by address, name, user id, long key id and fingerprint, each once", { skip }, async () => {
  const listing = ask(["--with-colons", "--list-keys", "alice@example.test"]);
  const fingerprint = /^fpr:+([0-9A-F]{40})/m.exec(listing)?.[1] ?? "";
  const subkey = /^sub:(?:[^:]*:){3}([0-9A-F]{16})/m.exec(listing)?.[1] ?? "";
  const ids = ["alice@example.test", "ALICE@example.test", "Alice", "Alice (work) <alice@example.test>"];
  for (const id of [...ids, fingerprint, `0x${fingerprint}`, fingerprint.slice(-16), subkey, `0x${subkey}`]) {
    const packet = await seal([recipientWord("pgp", id)]);
    assert.deepEqual(
      pgp.recipients(packet).map(({ id: keyId }) => keyId),
      [`0x${subkey}`],
      id,
    );
  }
  const both = await seal([recipientWord("pgp", "alice@example.test"), recipientWord("pgp", "Alice")]);
  assert.equal(pgp.recipients(both).length, 1);
});

test("KEYID! is that part of a key alone, to encrypt for and to decrypt with", { skip }, async () => {
  const own = newHome(["Carol <carol@example.test>"]);
  const options = { gpgHomedir: own.directory };
  const list = (): string => own.gpg(["--with-colons", "--list-keys"]).toString();
  const primary = /^fpr:+([0-9A-F]{40})/m.exec(list())?.[1] ?? "";
  own.gpg(["--pinentry-mode", "loopback", "--passphrase", "", "--quick-add-key", primary, "rsa2048", "encr", "never"]);
  const subkeys = [...list().matchAll(/^sub:(?:[^:]*:){3}([0-9A-F]{16})/gm)].map(([, id = ""]) => id);
  assert.equal(subkeys.length, 2);
  for (const id of subkeys) {
    const packet = await seal([recipientWord("pgp", `${id}!`)], options);
    assert.deepEqual(
      pgp.recipients(packet).map((one) => one.id),
      [`0x${id}`],
    );
    for (const with_ of subkeys) {
      const unwrapper = await pgp.unwrapWith([keyWord("pgp", `0x${with_}!`)], options);
      assert.equal((await unwrapper?.unwrap(packet)) !== undefined, with_ === id);
    }
    const [known] = await pgp.identify([recipientWord("pgp", `${id}!`)], options);
    assert.deepEqual(pgp.recipients(await seal(known ? [known.key] : []))[0]?.id, `0x${id}`);
  }
  assert.equal(
    pgp.recipients(
      await seal(
        subkeys.map((id) => recipientWord("pgp", `${id}!`)),
        options,
      ),
    ).length,
    2,
  );
  await assert.rejects(
    seal([recipientWord("pgp", `${primary}!`)], options),
    expectedError("KEY_INVALID", /encrypted for/),
  );
});

test("what nobody is called, and a key id that is too short, is not found", { skip }, async () => {
  for (const id of ["example.test", "ali", "nobody@example.test"]) {
    await assert.rejects(seal([recipientWord("pgp", id)]), expectedError("NOT_FOUND", /no OpenPGP key is found/));
  }
  await assert.rejects(seal([recipientWord("pgp", "0x12345678")]), expectedError("NOT_FOUND", /./, /not unique/));
});

test("several keys for one address are an error that lists them", { skip }, async () => {
  const double = newHome(["Eve One <eve@example.test>", "Eve Two <eve@example.test>"]);
  const options = { gpgHomedir: double.directory };
  await assert.rejects(
    seal([recipientWord("pgp", "eve@example.test")], options),
    expectedError("CONFLICT", /2 OpenPGP keys fit "eve@example.test": [0-9A-F]{40} .*, [0-9A-F]{40} /, /fingerprint/),
  );
});

for (const [primary, encryption] of [
  ["rsa2048", "rsa2048"],
  ["ed25519", "cv25519"],
  ["nistp256", "nistp256"],
  ["nistp384", "nistp384"],
] as const) {
  test(`a key with ${encryption} to encrypt for seals and opens, from files and through gpg`, { skip }, async () => {
    const own = newHome(["Own <own@example.test>"], { primary, encryption });
    const options = { gpgHomedir: own.directory };
    const [publicKey, secretKey] = [join(own.directory, "public.asc"), join(own.directory, "secret.gpg")];
    writeFileSync(publicKey, own.gpg(["--armor", "--export"]));
    writeFileSync(secretKey, own.gpg(["--export-secret-keys"]));
    const packet = await seal([recipientFile("pgp", publicKey)]);
    assert.deepEqual(await open(packet, [keyFile(secretKey)]), secret);
    assert.deepEqual(await open(packet, [keyWord("pgp", "own@example.test")], options), secret);
    assert.deepEqual(await open(packet, [keyWord("pgp", "")], options), secret);
    const anonymous = await seal([recipientFile("pgp", publicKey)], { anonymous: true });
    assert.equal(pgp.recipients(anonymous)[0]?.id, "");
    assert.deepEqual(await open(anonymous, [keyFile(secretKey)]), secret);
  });
}

test("what gpg writes for an ElGamal key is read", { skip }, async () => {
  const own = newHome(["Old <old@example.test>"], { primary: "dsa2048", encryption: "elg2048" });
  const secretKey = join(own.directory, "secret.asc");
  writeFileSync(secretKey, own.gpg(["--armor", "--export-secret-keys"]));
  const input = join(own.directory, "plain");
  writeFileSync(input, secret);
  const bytes = own.gpg(["--trust-model", "always", "-r", "old@example.test", "--output", "-", "--encrypt", input]);
  const packet = { suffix: "pgp", bytes };
  assert.deepEqual(await open(packet, [keyFile(secretKey)]), secret);
  assert.match(pgp.recipients(packet)[0]?.label ?? "", /^ElGamal 0x/);
});

test("a packet is one integrity protected message without compression, in the form that every peer reads", {
  skip,
}, async () => {
  const packet = await seal([recipientWord("pgp", "alice@example.test"), recipientWord("pgp", "bob@example.test")]);
  const file = join(scratch, "message.gpg");
  writeFileSync(file, packet.bytes);
  const listing = execFileSync("gpg", ["--homedir", home?.directory ?? "", "--batch", "--list-packets", file], {
    stdio: ["ignore", "pipe", "ignore"],
  }).toString();
  const packets = [...listing.matchAll(/^:(\w+(?: \w+)*) packet:/gm)].map(([, name]) => name);
  assert.deepEqual(packets, ["pubkey enc", "pubkey enc", "encrypted data", "literal data"]);
  assert.match(listing, /mdc_method: 2/);
});

test("faults/41: a keyring with user ids that are no addresses works, and such a key can be named", {
  skip,
}, async () => {
  const odd = newHome(["<<>> not, an (address", "Fine <fine@example.test>"]);
  const options = { gpgHomedir: odd.directory };
  const packet = await seal([recipientWord("pgp", "fine@example.test")], options);
  assert.deepEqual(await open(packet, [keyWord("pgp", "fine@example.test")], options), secret);
  await seal([recipientWord("pgp", "<<>> not, an (address")], options);
});

test("faults/41: an expired or revoked key, and one without a part to encrypt for, is refused with the reason", {
  skip,
}, async () => {
  const worn = newHome(["Worn <worn@example.test>"]);
  const options = { gpgHomedir: worn.directory };
  const fingerprint = /^fpr:+([0-9A-F]{40})/m.exec(worn.gpg(["--with-colons", "--list-keys"]).toString())?.[1] ?? "";
  const refused = (reason: RegExp) =>
    assert.rejects(seal([recipientWord("pgp", "worn@example.test")], options), expectedError("KEY_INVALID", reason));
  worn.gpg(["--faked-system-time", "20200101T000000", "--quick-set-expire", fingerprint, "seconds=10"]);
  worn.gpg(["--pinentry-mode", "loopback", "--passphrase", "", "--quick-set-expire", fingerprint, "0"]);
  const revocation = readFileSync(join(worn.directory, "openpgp-revocs.d", `${fingerprint}.rev`), "utf8");
  worn.gpg(["--import"], revocation.replace(":-----BEGIN", "-----BEGIN"));
  await refused(/revoked/);
  const signing = newHome([]);
  signing.gpg([
    "--pinentry-mode",
    "loopback",
    "--passphrase",
    "",
    "--quick-gen-key",
    "Sign <s@example.test>",
    "rsa2048",
    "sign",
  ]);
  const onlySigns = seal([recipientWord("pgp", "s@example.test")], { gpgHomedir: signing.directory });
  await assert.rejects(onlySigns, expectedError("KEY_INVALID", /encryption key/));
});

test("faults/41: a missing gpg is an error that names both ways on, and nothing is left out", async () => {
  const environment = { PATH: join(scratch, "empty") };
  const missing = expectedError(
    "NOT_FOUND",
    /no GnuPG was found: gpg2 and gpg/,
    /install GnuPG, or name an OpenPGP key file/,
  );
  await assert.rejects(seal([recipientWord("pgp", "alice@example.test")], { environment }), missing);
  await assert.rejects(pgp.unwrapWith([keyWord("pgp", "")], { environment }), missing);
});

test("faults/41: a message that unpacks to far more than it holds is refused", { skip }, async () => {
  const bomb = join(scratch, "bomb");
  writeFileSync(bomb, Buffer.alloc(64 * 1024 * 1024));
  for (const algorithm of ["zip", "zlib", "bzip2"]) {
    const options = [
      "--trust-model",
      "always",
      "--compress-algo",
      algorithm,
      "-r",
      "bob@example.test",
      "--output",
      "-",
    ];
    const bytes = home?.gpg([...options, "--encrypt", bomb]) ?? new Uint8Array();
    assert.ok(bytes.length < 100_000);
    const before = process.memoryUsage().rss;
    await assert.rejects(
      open({ suffix: "pgp", bytes }, [await secretOf("bob@example.test")]),
      expectedError("CORRUPT"),
    );
    assert.ok(process.memoryUsage().rss - before < 48 * 1024 * 1024, algorithm);
  }
});

test("faults/41: a message without integrity protection is refused before anything is opened", { skip }, async () => {
  const packet = await seal([recipientWord("pgp", "bob@example.test")]);
  const bytes = Buffer.from(packet.bytes);
  // The session key packet's length is in its second and third octets; behind it comes the content's tag.
  const at = 3 + (((bytes[1] ?? 0) - 192) * 256 + (bytes[2] ?? 0) + 192);
  assert.equal(bytes[at], 0xc0 | 18);
  bytes[at] = 0xc0 | 9;
  const changed = { suffix: "pgp", bytes };
  await assert.rejects(open(changed, [await secretOf("bob@example.test")]), expectedError("CORRUPT", /integrity/));
  assert.equal(pgp.recipients(changed)[0]?.label, "a damaged OpenPGP message");
});

test("faults/38: a public key to open with, and no key at all, is named as what it is", { skip }, async () => {
  const file = join(scratch, "alice.pub.gpg");
  writeFileSync(file, home?.gpg(["--export", "alice@example.test"]) ?? "");
  await assert.rejects(
    pgp.unwrapWith([keyFile(file)]),
    expectedError("KEY_INVALID", /public OpenPGP keys only/, /export-secret/),
  );
  assert.equal(await pgp.unwrapWith([{ ...keyFile(file), value: Buffer.from("nothing") }]), undefined);
  await assert.rejects(
    pgp.unwrapWith([keyWord("pgp", "nobody@example.test")], { gpgHomedir: home?.directory }),
    expectedError("KEY_INVALID", /gpg holds no secret key/),
  );
});

test("faults/45: a passphrase for gpg goes through a pipe, not through its arguments", { skip }, async () => {
  const locked = newHome([]);
  const passphrase = "correct horse battery";
  const loopback = ["--pinentry-mode", "loopback", "--passphrase", passphrase, "--status-fd", "1"];
  const made = locked.gpg([...loopback, "--quick-gen-key", "Lock <lock@example.test>", "rsa2048", "sign"]).toString();
  const fingerprint = /KEY_CREATED \S (\S+)/.exec(made)?.[1] ?? "";
  locked.gpg([...loopback, "--quick-add-key", fingerprint, "rsa2048", "encr"]);
  locked.end();
  const bin = join(scratch, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "gpg2"), `#!/bin/sh\necho "$@" >>${scratch}/arguments\nexec gpg "$@"\n`);
  chmodSync(join(bin, "gpg2"), 0o755);
  const environment = { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, GNUPGHOME: locked.directory };
  const packet = await seal([recipientWord("pgp", "lock@example.test")], { environment });
  const key = { ...keyWord("pgp", "lock@example.test"), passphrase: Buffer.from(passphrase) };
  assert.deepEqual(await open(packet, [key], { environment }), secret);
  const seen = readFileSync(join(scratch, "arguments"), "utf8");
  assert.match(seen, /--passphrase-fd 3/);
  assert.ok(!seen.includes("horse"));
  locked.end();
  const wrong = { ...key, passphrase: Buffer.from("incorrect horse") };
  await assert.rejects(open(packet, [wrong], { environment }), (error: Error) => {
    assert.match(error.message, /could not decrypt a layer's key/);
    return !error.message.includes("horse");
  });
});

function newHome(
  userIds: readonly string[],
  algorithms?: { readonly primary: string; readonly encryption: string },
): GpgHome {
  const made = makeGpgHome(scratch, userIds, algorithms);
  homes.push(made);
  return made;
}

function ask(args: readonly string[]): string {
  return home?.gpg(args).toString("utf8") ?? "";
}

async function secretOf(id: string): Promise<DecryptionKey> {
  const value = home?.gpg(["--export-secret-keys", id]) ?? new Uint8Array();
  return { scheme: undefined, value, passphrase: undefined, origin: id };
}

async function seal(keys: readonly EncryptionKey[], options: WrapperOptions = {}): Promise<WrappedKey> {
  const [packet] = await (await pgp.wrapFor(keys, { ...defaults(options), ...options }))(secret);
  assert.ok(packet);
  return packet;
}

async function open(
  packet: WrappedKey,
  keys: readonly DecryptionKey[],
  options: WrapperOptions = {},
): Promise<Uint8Array | undefined> {
  const opened = await (await pgp.unwrapWith(keys, { ...defaults(options), ...options }))?.unwrap(packet);
  return opened && Buffer.from(opened);
}

function defaults(options: WrapperOptions): WrapperOptions {
  return options.environment === undefined && home !== undefined ? { gpgHomedir: home.directory } : {};
}
