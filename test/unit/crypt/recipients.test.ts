import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { partsOf, withEditedParts } from "../../../src/crypt/envelope.js";
import type { DecryptionKey } from "../../../src/crypt/key-wrapper.js";
import { loadKeyring, openEnvelope, unwrapEnvelope } from "../../../src/crypt/layer.js";
import { isNamed, parseRecipientId } from "../../../src/crypt/recipient-id.js";
import { identifyRecipients, listRecipients, removalOf } from "../../../src/crypt/recipients.js";
import { readVector } from "../../support/encrypted/vector.js";
import { expectedError } from "../../support/expected-error.js";

const jwe = "org.opencontainers.image.enc.keys.jwe";

async function key(vector: string, name: string): Promise<DecryptionKey> {
  const value = await readFile(join(process.cwd(), "test", "vectors", vector, "keys", name));
  return { scheme: undefined, value, passphrase: undefined, origin: name };
}

async function annotationsOf(vector: string): Promise<Readonly<Record<string, string>>> {
  const { layers } = await readVector(vector);
  return layers[0]?.annotations ?? {};
}

async function opens(
  annotations: Readonly<Record<string, string>>,
  ...keys: readonly DecryptionKey[]
): Promise<boolean> {
  try {
    await openEnvelope(annotations, await loadKeyring(keys));
    return true;
  } catch {
    return false;
  }
}

async function without(annotations: Readonly<Record<string, string>>, index: number) {
  const listed = await listRecipients(annotations);
  const gone = listed[index];
  assert.ok(gone);
  return withEditedParts(annotations, await removalOf(annotations, [gone]));
}

test("a recipient of a general JWE of Go goes with the key that is repeated at the top, and the others still open", async () => {
  const vector = "jwe-multi-rsa-ec";
  const annotations = await annotationsOf(vector);
  const [one, other] = [await key(vector, "recipient1.pem"), await key(vector, "recipient2.pem")];
  const before = JSON.parse(Buffer.from(annotations[jwe] ?? "", "base64").toString());
  assert.equal(before.encrypted_key, before.recipients[0].encrypted_key);
  for (const [index, kept, gone] of [
    [0, other, one],
    [1, one, other],
  ] as const) {
    const edited = await without(annotations, index);
    assert.ok((await opens(edited, kept)) && !(await opens(edited, gone)));
    const after = JSON.parse(Buffer.from(edited[jwe] ?? "", "base64").toString());
    assert.ok(!JSON.stringify(after).includes(before.recipients[index].encrypted_key));
    assert.deepEqual(
      Object.keys(after),
      Object.keys(before).filter((name) => name !== "encrypted_key"),
    );
    assert.deepEqual(after.recipients, [before.recipients[1 - index]]);
    assert.equal(after.protected, before.protected);
  }
});

test("taking one scheme's recipient out leaves the other schemes' parts as they were", async () => {
  const vector = "multi-jwe-pgp-pkcs7";
  const annotations = await annotationsOf(vector);
  const listed = await listRecipients(annotations);
  for (const [index, { info }] of listed.entries()) {
    const edited = await without(annotations, index);
    for (const [name, value] of Object.entries(annotations)) {
      if (!name.endsWith(`.${info.scheme}`)) assert.equal(edited[name], value);
    }
    assert.equal((await listRecipients(edited)).length, listed.length - 1);
  }
  assert.ok(await opens(await without(annotations, 0), await key(vector, "multi.sec.gpg")));
});

test("comma-joined parts keep their text when one of them goes", async () => {
  const annotations = await annotationsOf("jwe-comma-joined");
  const parts = (annotations[jwe] ?? "").split(",");
  assert.ok(parts.length > 1);
  const edited = await without(annotations, 0);
  assert.equal(edited[jwe], parts.slice(1).join(","));
});

test("every part holds the same wrapped options, which are wrapped anew byte for byte", async () => {
  const vector = "jwe-multi-rsa-ec";
  const annotations = await annotationsOf(vector);
  const [one, other] = await Promise.all(
    ["recipient1.pem", "recipient2.pem"].map(async (name) =>
      unwrapEnvelope(annotations, await loadKeyring([await key(vector, name)])),
    ),
  );
  assert.deepEqual(one, other);
});

test("several recipients of one wrapped key of an unknown scheme cannot be told apart", async () => {
  const annotations = { "org.opencontainers.image.enc.keys.future": "AAAA" };
  const [listed] = await listRecipients(annotations);
  assert.deepEqual(listed?.info, {
    kind: "unknown-scheme",
    scheme: "future",
    algorithm: "",
    id: "",
    label: "unknown scheme",
  });
  assert.deepEqual(await without(annotations, 0), {});
  assert.equal(partsOf(annotations).length, 1);
});

test("recipients are named in every way in which tools print them", async () => {
  const info = (scheme: string, id: string) => ({ kind: "recipient" as const, scheme, id, algorithm: "", label: "" });
  const named = (text: string, scheme: string, id: string) => isNamed(info(scheme, id), parseRecipientId(text));
  const fingerprint = "0123456789ABCDEF0123456789ABCDEF89ABCDEF";
  assert.ok(named("pgp:0x0123456789abcdef", "pgp", "0x0123456789ABCDEF"));
  assert.ok(named("pgp:0123 4567 89AB CDEF", "pgp", "0x0123456789ABCDEF"));
  assert.ok(named(`pgp:${fingerprint}`, "pgp", `0x${fingerprint.slice(-16)}`));
  assert.ok(!named("pgp:89ABCDEF", "pgp", "0x0123456789ABCDEF"));
  assert.ok(named("pkcs7:CN=ca, O=x#0a1b", "pkcs7", "CN=ca, O=x#0a1b"));
  assert.ok(named("pkcs7:0A:1B", "pkcs7", "CN=ca, O=x#0a1b"));
  assert.ok(named("pkcs7:a1b", "pkcs7", "CN=ca, O=x#0a1b"));
  assert.ok(!named("pkcs7:1b", "pkcs7", "CN=ca, O=x#0a1b"));
  assert.ok(named("provider:kms", "provider", "kms:key-1") && named("provider:kms:key-1", "provider", "kms:key-1"));
  assert.ok(!named("provider:km", "provider", "kms:key-1"));
  assert.ok(named("jwe:a:b", "jwe", "a:b") && !named("jwe:A", "jwe", "a"));
  assert.ok(!isNamed(info("jwe", ""), { scheme: "jwe", id: "" }));
  for (const text of ["jwe", "jwe:", ":id", ""]) assert.throws(() => parseRecipientId(text), expectedError("USAGE"));
});

test("a certificate is named by its fingerprint where it is given", async () => {
  const { value } = await key("pkcs7-rsa", "recipient.crt.pem");
  const [known] = await identifyRecipients([{ scheme: "pkcs7", value, origin: "recipient.crt.pem" }]);
  assert.ok(known);
  const [listed] = await listRecipients(await annotationsOf("pkcs7-rsa"));
  assert.ok(listed);
  const colons = (known.aliases[0] ?? "").toUpperCase().replace(/(..)(?=.)/g, "$1:");
  assert.ok(isNamed(listed.info, parseRecipientId(`pkcs7:${colons}`), [known]));
  assert.ok(!isNamed(listed.info, parseRecipientId(`pkcs7:${colons}`)));
  assert.equal(listed.info.id, known.id);
});
