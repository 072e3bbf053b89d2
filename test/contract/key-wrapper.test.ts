import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";
import { generateKey } from "openpgp";
import type { DecryptionKey } from "../../src/crypt/key-wrapper.js";
import { schemes } from "../../src/crypt/schemes/index.js";
import {
  addTokenKey,
  keyWord,
  makeCertificate,
  makeSoftToken,
  recipientFile,
  recipientWord,
  softHsmModule,
} from "../support/keys/key-material.js";
import { decryptionKey, ecPair, encryptionKey, rsaPair } from "../support/keys/key-pair.js";
import { configureProviders } from "../support/keys/key-provider.js";
import { systemPeer } from "../support/process/peer.js";
import { scratchDirectory } from "../support/scratch.js";
import { toyRow } from "../support/toy-scheme/row.js";
import { keyWrapperContract, type Party, type SchemeFixture } from "./key-wrapper.js";

const scratch = scratchDirectory();

interface Setting {
  /** Why the scheme cannot be tried here; false when it can. */
  readonly skip: string | false;
  make(): SchemeFixture | Promise<SchemeFixture>;
}

const pgpKey = await openPgpParty("foreign");
const notAKey = { value: Buffer.from("this is not a key\n"), isFile: true, origin: "notes.txt" };
const noToken = existsSync(softHsmModule) ? systemPeer("softhsm2-util").missing : `there is no ${softHsmModule}`;

/** What each scheme is tried with. A new scheme needs an entry. */
const settings: Readonly<Record<string, Setting>> = {
  jwe: {
    skip: false,
    make: () => ({
      one: { recipient: encryptionKey(ecPair().publicKey), key: decryptionKey(ecPair().privateKey) },
      other: { recipient: encryptionKey(rsaPair().publicKey), key: decryptionKey(rsaPair().privateKey) },
      stranger: { key: decryptionKey(ecPair("P-256", "stranger").privateKey) },
      foreign: pgpKey.key,
      unusable: [
        [{ scheme: "jwe", ...notAKey }, "KEY_INVALID"],
        [encryptionKey(ecPair().privateKey), "KEY_INVALID"],
      ],
      anonymous: "hides the id",
      secrets: [],
    }),
  },
  pgp: {
    skip: false,
    make: async () => ({
      one: await openPgpParty("one"),
      other: await openPgpParty("other"),
      stranger: { key: (await openPgpParty("stranger")).key },
      foreign: decryptionKey(ecPair().privateKey),
      unusable: [[{ scheme: "pgp", ...notAKey }, "KEY_INVALID"]],
      anonymous: "hides the id",
      secrets: [["alice@example.test:hunter2", "hunter2"]],
    }),
  },
  pkcs7: {
    skip: systemPeer("openssl").missing,
    make: () => ({
      one: certified("one"),
      other: certified("other"),
      stranger: { key: certified("stranger").key },
      foreign: pgpKey.key,
      unusable: [
        [{ scheme: "pkcs7", ...notAKey }, "KEY_INVALID"],
        [{ ...encryptionKey(rsaPair().publicKey), scheme: "pkcs7" }, "KEY_INVALID"],
      ],
      anonymous: "is refused",
      secrets: [],
    }),
  },
  pkcs11: {
    skip: noToken,
    make() {
      const token = makeSoftToken(scratch);
      process.env["SOFTHSM2_CONF"] = token.configuration;
      const rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
      const [other, stranger] = ["other", "stranger"].map((name) => addTokenKey(token, name, rsa));
      const pin = `&pin-value=${token.pin}`;
      return {
        one: { recipient: recipientFile("pkcs11", token.publicKey), key: keyWord("pkcs11", token.uri + pin) },
        other: {
          recipient: recipientWord("pkcs11", (other?.uri ?? "") + pin),
          key: keyWord("pkcs11", (other?.uri ?? "") + pin),
        },
        stranger: { key: keyWord("pkcs11", (stranger?.uri ?? "") + pin) },
        options: { environment: { ...process.env, OCICRYPT_CONFIG: "internal" } },
        foreign: pgpKey.key,
        unusable: [
          [{ scheme: "pkcs11", ...notAKey }, "KEY_INVALID"],
          [{ ...encryptionKey(ecPair().publicKey), scheme: "pkcs11" }, "KEY_INVALID"],
        ],
        anonymous: "hides the id",
        secrets: [["token=t;object=o?pin-value=471147114711", "471147114711"]],
      };
    },
  },
  age: {
    skip: false,
    make: async () => ({
      one: await ageParty("X25519"),
      other: await ageParty("hybrid"),
      stranger: { key: (await ageParty("X25519")).key },
      foreign: pgpKey.key,
      unusable: [
        [{ scheme: "age", ...notAKey }, "KEY_INVALID"],
        [recipientWord("age", "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"), "KEY_INVALID"],
        [recipientWord("age", await generateX25519Identity()), "KEY_INVALID"],
      ],
      anonymous: "hides the id",
      secrets: [["AGE-SECRET-KEY-1QQPQ", "QQPQ"]],
    }),
  },
  ssh: {
    skip: systemPeer("ssh-keygen").missing,
    make: () => ({
      one: sshParty("one", ["-t", "ed25519"]),
      other: sshParty("other", ["-t", "rsa", "-b", "2048"]),
      stranger: { key: sshParty("stranger", ["-t", "ed25519"]).key },
      foreign: pgpKey.key,
      unusable: [
        [{ scheme: "ssh", ...notAKey }, "KEY_INVALID"],
        [sshParty("curve", ["-t", "ecdsa"]).recipient, "KEY_INVALID"],
        [{ ...sshParty("private", ["-t", "ed25519"]).key, scheme: "ssh" }, "KEY_INVALID"],
      ],
      anonymous: "is refused",
      secrets: [["-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk", "b3BlbnNzaC1rZXk"]],
    }),
  },
  provider: {
    skip: false,
    make() {
      const directory = join(scratch, "providers");
      mkdirSync(directory);
      const command = (name: string) => {
        const key = join(directory, `${name}.key`);
        writeFileSync(key, Buffer.alloc(32, name));
        return { cmd: { path: process.execPath, args: [join("examples", "keyprovider", "command.js"), key] } };
      };
      const { environment } = configureProviders(directory, { one: command("one"), other: command("other") });
      const apart = join(scratch, "apart");
      mkdirSync(apart);
      return {
        one: { recipient: recipientWord("provider", "one"), key: keyWord("provider", "one") },
        other: { recipient: recipientWord("provider", "other:key-2"), key: keyWord("provider", "other:key-2") },
        stranger: {
          key: keyWord("provider", "third"),
          options: { environment: configureProviders(apart, { third: command("third") }).environment },
        },
        options: { environment },
        foreign: pgpKey.key,
        unusable: [[recipientWord("provider", "not a name"), "USAGE"]],
        anonymous: "leaves the annotation suffix",
        opaque: true,
        secrets: [["vault:s3cret-word", "s3cret-word"]],
      };
    },
  },
  toy: {
    skip: false,
    make: () => ({
      one: toyParty("one.first-secret"),
      other: toyParty("other.second-secret"),
      stranger: { key: toyParty("stranger.third-secret").key },
      foreign: pgpKey.key,
      unusable: [[recipientWord("toy", "without-a-secret"), "KEY_INVALID"]],
      anonymous: "hides the id",
      secrets: [["one.first-secret", "first-secret"]],
    }),
  },
};

for (const row of [...schemes.values(), toyRow]) {
  const setting = settings[row.scheme];
  if (setting === undefined) throw new Error(`the contract suite has nothing to try ${row.scheme} with`);
  const { skip } = setting;
  keyWrapperContract(row, skip === false ? await setting.make() : undefined, skip);
}

function certified(name: string): Party {
  const { certificate, privateKey } = makeCertificate(scratch, name);
  const value = readFileSync(privateKey);
  const key: DecryptionKey = { scheme: undefined, value, passphrase: undefined, origin: privateKey };
  return { recipient: recipientFile("pkcs7", certificate), key };
}

async function openPgpParty(name: string): Promise<Party> {
  const userIDs = [{ name, email: `${name}@example.test` }];
  const { publicKey, privateKey } = await generateKey({ userIDs, format: "armored" });
  const [origin, secretOrigin] = [`${name}.asc`, `${name}.secret.asc`];
  return {
    recipient: { scheme: "pgp", value: Buffer.from(publicKey), origin },
    key: { scheme: undefined, value: Buffer.from(privateKey), passphrase: undefined, origin: secretOrigin },
  };
}

function toyParty(text: string): Party {
  return { recipient: recipientWord("toy", text), key: keyWord("toy", text) };
}

async function ageParty(kind: "X25519" | "hybrid"): Promise<Party> {
  const identity = await (kind === "hybrid" ? generateHybridIdentity() : generateX25519Identity());
  const key = { value: Buffer.from(`# made for a test\n${identity}\n`), isFile: true, origin: "identity.txt" };
  return { recipient: recipientWord("age", await identityToRecipient(identity)), key };
}

function sshParty(name: string, type: readonly string[]): Party {
  const file = join(scratch, `ssh-${name}`);
  execFileSync("ssh-keygen", ["-q", "-N", "", "-C", "a comment", ...type, "-f", file]);
  return {
    recipient: { scheme: "ssh", value: readFileSync(`${file}.pub`), isFile: true, origin: `${name}.pub` },
    key: { value: readFileSync(file), isFile: true, origin: name },
  };
}
