import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { describeKeyFile } from "../../../../src/crypt/describe-key.js";
import type { DecryptionKey, WrappedKey } from "../../../../src/crypt/key-wrapper.js";
import { schemeRow } from "../../../../src/crypt/schemes/index.js";
import { wantsPassphrase } from "../../../../src/crypt/wants-passphrase.js";
import { expectedError } from "../../../support/expected-error.js";

function vector(name: string): Buffer {
  return readFileSync(new URL(`../../../../../test/vectors/age-packets/${name}`, import.meta.url));
}

function keyOf(name: string, passphrase?: string): DecryptionKey {
  const key = { value: vector(name), isFile: true, origin: name };
  return passphrase === undefined ? key : { ...key, passphrase: Buffer.from(passphrase) };
}

function packet(name: string): WrappedKey {
  return { suffix: "provider.age", bytes: vector(name) };
}

async function unwrap(scheme: string, key: DecryptionKey, wrapped: WrappedKey): Promise<Uint8Array | undefined> {
  const unwrapper = await (await schemeRow(scheme).load()).unwrapWith([key]);
  assert.deepEqual(unwrapper?.used, [key]);
  return await unwrapper.unwrap(wrapped);
}

const keys = {
  x25519: { scheme: "age", key: keyOf("x25519.identity") },
  hybrid: { scheme: "age", key: keyOf("hybrid.identity") },
  "ssh-ed25519": { scheme: "ssh", key: keyOf("ssh-ed25519") },
  "ssh-rsa": { scheme: "ssh", key: keyOf("ssh-rsa", "hunter2") },
} as const;

const listed: Readonly<Record<string, readonly (readonly [scheme: string, algorithm: string, id: string])[]>> = {
  x25519: [["age", "X25519", ""]],
  hybrid: [["age", "mlkem768x25519", ""]],
  "ssh-ed25519": [["ssh", "ssh-ed25519", "ed"]],
  "ssh-rsa": [["ssh", "ssh-rsa", "rsa"]],
  several: [
    ["age", "X25519", ""],
    ["ssh", "ssh-ed25519", "ed"],
    ["ssh", "ssh-rsa", "rsa"],
  ],
};

test("what age wrote is opened by the keys that it is for, and by no other", async () => {
  for (const [name, recipients] of Object.entries(listed)) {
    const algorithms = recipients.map(([, algorithm]) => algorithm.toLowerCase());
    for (const [owner, { scheme, key }] of Object.entries(keys)) {
      const isFor = owner === "hybrid" ? algorithms.includes("mlkem768x25519") : algorithms.includes(owner);
      const found = await unwrap(scheme, key, packet(`${name}.age`));
      assert.deepEqual(found && Buffer.from(found), isFor ? vector("secret") : undefined, `${name}, ${owner}`);
    }
  }
});

test("what age wrote is listed as far as it tells, by either scheme", async () => {
  const ids: Readonly<Record<string, string | undefined>> = {
    ed: await idOf("ssh-ed25519.pub"),
    rsa: await idOf("ssh-rsa.pub"),
  };
  for (const scheme of ["age", "ssh"]) {
    const wrapper = await schemeRow(scheme).load();
    for (const [name, expected] of Object.entries(listed)) {
      assert.deepEqual(
        wrapper.recipients(packet(`${name}.age`)).map((info) => [info.scheme, info.algorithm, info.id]),
        expected.map(([of, algorithm, id]) => [of, algorithm, ids[id] ?? ""]),
      );
    }
  }
});

async function idOf(name: string): Promise<string | undefined> {
  const key = { scheme: "ssh", value: vector(name), isFile: true, origin: name };
  return (await (await schemeRow("ssh").load()).identify([key]))[0]?.id;
}

test("an identity and an SSH key with a passphrase ask for it, and open with it alone", async () => {
  for (const [scheme, name, of] of [
    ["age", "x25519-encrypted.identity", "x25519"],
    ["ssh", "ssh-rsa", "ssh-rsa"],
  ] as const) {
    assert.equal(await wantsPassphrase(vector(name)), true);
    const found = await unwrap(scheme, keyOf(name, "hunter2"), packet(`${of}.age`));
    assert.deepEqual(found && Buffer.from(found), vector("secret"));
    for (const passphrase of [undefined, "", "hunter3"]) {
      const wrapper = await schemeRow(scheme).load();
      await assert.rejects(wrapper.unwrapWith([keyOf(name, passphrase)]), expectedError("KEY_INVALID"));
    }
  }
  for (const name of ["x25519.identity", "ssh-ed25519"]) assert.equal(await wantsPassphrase(vector(name)), false);
});

test("a packet with more recipients than anyone writes, or none, is refused before a key is tried", async () => {
  const { armor } = await import("age-encryption");
  for (const stanzas of [0, 129, 10_000]) {
    const header = `age-encryption.org/v1\n${"-> X25519 AAAA\nAAAA\n".repeat(stanzas)}--- AAAA\n`;
    const bytes = Buffer.from(armor.encode(Buffer.from(header)));
    await assert.rejects(unwrap("age", keys.x25519.key, { suffix: "provider.age", bytes }), expectedError("CORRUPT"));
    const wrapper = await schemeRow("age").load();
    assert.deepEqual(
      wrapper.recipients({ suffix: "provider.age", bytes }).map(({ kind }) => kind),
      ["unreadable"],
    );
  }
});

test("keys are described, an encrypted SSH key without its passphrase", async () => {
  const described = async (name: string) =>
    (await describeKeyFile({ value: vector(name), origin: name })).map(
      ({ kind, algorithm, protected: isProtected }) => [kind, algorithm, isProtected],
    );
  assert.deepEqual(await described("x25519.identity"), [["age identity", "X25519", false]]);
  assert.deepEqual(await described("hybrid.recipient"), [["age recipient", "ML-KEM-768 with X25519", false]]);
  assert.deepEqual(await described("x25519-encrypted.identity"), [["age identity", "", true]]);
  assert.deepEqual(await described("ssh-rsa"), [["SSH private key", "RSA 2048", true]]);
  assert.deepEqual(await described("ssh-ed25519.pub"), [["SSH public key", "Ed25519", false]]);
  assert.deepEqual(await described("ssh-ecdsa"), [["SSH private key", "", false]]);
  const prints = await Promise.all(
    ["x25519.identity", "x25519.recipient"].map(
      async (name) => await describeKeyFile({ value: vector(name), origin: name }),
    ),
  );
  assert.equal(prints[0]?.[0]?.fingerprint, prints[1]?.[0]?.fingerprint);
});
