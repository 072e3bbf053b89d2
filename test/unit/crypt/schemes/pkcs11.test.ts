import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { pkcs11 } from "../../../../src/crypt/schemes/pkcs11/pkcs11.js";
import type { DecryptionKey, EncryptionKey, WrappedKey, WrapperOptions } from "../../../../src/doors/crypt.js";
import { findModule, readModulePolicy } from "../../../../src/keys/pkcs11/module-policy.js";
import { parsePkcs11Uri } from "../../../../src/keys/pkcs11/uri.js";
import type { ProgressEvent } from "../../../../src/progress.js";
import { expectedError } from "../../../support/expected-error.js";
import {
  keyFile,
  keyWord,
  makeSoftToken,
  recipientFile,
  recipientWord,
  softHsmModule,
} from "../../../support/keys/key-material.js";
import { decryptionKey, ecPair, encryptionKey, rsaPair } from "../../../support/keys/key-pair.js";
import { systemPeer } from "../../../support/process/peer.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();
const skip = existsSync(softHsmModule) ? systemPeer("softhsm2-util").missing : `there is no ${softHsmModule}`;
const token = skip === false ? makeSoftToken(scratch) : undefined;
const secret = randomBytes(193);
const environment = { ...process.env, OCICRYPT_CONFIG: "internal" };
const withModule = { ...environment, SOFTHSM2_CONF: token?.configuration };
/** A bare URI has no place for the module's variables, so they are the process's. */
if (token !== undefined) process.env["SOFTHSM2_CONF"] = token.configuration;

test("a public key file, a key file and a URI each seal, and the token opens what they sealed", { skip }, async () => {
  for (const key of [
    recipientFile("pkcs11", path("publicKey")),
    recipientFile("pkcs11", path("keyFile")),
    recipientWord("pkcs11", uri()),
  ]) {
    const packet = await seal([key]);
    assert.deepEqual(await open(packet, [keyFile(path("keyFile"))]), secret);
    assert.deepEqual(await open(packet, [keyWord("pkcs11", `${uri()}&pin-value=${token?.pin}`)]), secret);
    assert.deepEqual(await open(packet, [keyFile(path("privateKey"))]), secret);
  }
});

test("the PIN comes from the URI, a file with a line break at its end, or the key argument", { skip }, async () => {
  const packet = await seal([recipientFile("pkcs11", path("publicKey"))]);
  const source = join(scratch, "pin");
  writeFileSync(source, `${token?.pin}\n`);
  for (const pin of [
    `pin-value=${token?.pin}`,
    `pin-source=${source}`,
    `pin-source=file:${encodeURIComponent(source)}`,
  ]) {
    assert.deepEqual(await open(packet, [keyWord("pkcs11", `${uri()}&${pin}`)]), secret);
  }
  const asked = { ...keyWord("pkcs11", uri()), passphrase: Buffer.from(token?.pin ?? "") };
  assert.deepEqual(await open(packet, [asked]), secret);
  await assert.rejects(open(packet, [keyWord("pkcs11", uri())]), expectedError("KEY_INVALID", /the PIN is missing/));
});

test("faults/39, faults/45: a wrong PIN is told, without the PIN, and tried once for all layers", {
  skip,
}, async () => {
  const packet = await seal([recipientFile("pkcs11", path("publicKey"))]);
  const unwrapper = await pkcs11.unwrapWith([keyWord("pkcs11", `${uri()}&pin-value=9182`)], { environment });
  const failures: unknown[] = [];
  for (let layer = 0; layer < 3; layer += 1) {
    await assert.rejects(
      async () => unwrapper?.unwrap(packet),
      (error: Error) => {
        failures.push(error);
        return expectedError("KEY_INVALID", /^the PIN for key "layers" on token "oci-enc" is wrong$/)(error);
      },
    );
  }
  assert.equal(new Set(failures).size, 1);
});

test("a token or key that is not there, and one of several, is told as such", { skip }, async () => {
  const packet = await seal([recipientFile("pkcs11", path("publicKey"))]);
  const opening = (text: string) =>
    open(packet, [keyWord("pkcs11", `${text}?module-name=softhsm2&pin-value=${token?.pin}`)]);
  await assert.rejects(opening("token=other;object=layers"), expectedError("NOT_FOUND", /no such token/));
  await assert.rejects(opening("token=oci-enc;object=other"), expectedError("NOT_FOUND", /no private RSA key "other"/));
});

test("faults/38: a module is loaded only where the policy allows it", async () => {
  const named = parsePkcs11Uri(`token=t;object=o?module-path=${softHsmModule}`, "key");
  const policyFile = join(scratch, "ocicrypt.conf");
  const policyOf = async (text: string) => {
    writeFileSync(policyFile, text);
    return readModulePolicy({ OCICRYPT_CONFIG: policyFile });
  };
  const allow = (entry: string) => policyOf(`pkcs11:\n  allowed-module-paths:\n    - ${entry}\n`);
  assert.equal(findModule(named, await allow(softHsmModule)), softHsmModule);
  assert.equal(findModule(named, await allow(`${dirname(softHsmModule)}/`)), softHsmModule);
  for (const entry of [dirname(softHsmModule), "/usr/lib/", "/usr/lib/softhsm/libsofthsm2"]) {
    const policy = await allow(entry);
    assert.throws(() => findModule(named, policy), expectedError("DENIED", /not allowed by/));
  }
  const around = parsePkcs11Uri("token=t;object=o?module-path=/usr/lib/softhsm/../evil.so", "key");
  assert.throws(
    () => findModule(around, { origin: "x", directories: [], allowed: ["/usr/lib/softhsm/"] }),
    expectedError("DENIED"),
  );
});

test("the policy is looked for where ocicrypt looks, and its absence is an error", async () => {
  const home = join(scratch, "home");
  mkdirSync(join(home, ".config"), { recursive: true });
  const environmentOf = { HOME: home };
  if (!existsSync("/etc/ocicrypt.conf")) {
    await assert.rejects(readModulePolicy(environmentOf), expectedError("USAGE", /no policy/, /OCICRYPT_CONFIG/));
  }
  writeFileSync(join(home, ".config", "ocicrypt.conf"), "pkcs11:\n  module-directories: [/opt/]\n");
  assert.deepEqual((await readModulePolicy(environmentOf)).directories, ["/opt/"]);
  await assert.rejects(readModulePolicy({ OCICRYPT_CONFIG: join(home, "none") }), expectedError("NOT_FOUND", /none/));
});

test("a module's name is a part of its file's, up to a dot or the end", () => {
  const policy = { origin: "x", directories: [dirname(softHsmModule)], allowed: [`${dirname(softHsmModule)}/`] };
  const find = (name: string) => findModule(parsePkcs11Uri(`token=t;object=o?module-name=${name}`, "key"), policy);
  if (existsSync(softHsmModule)) {
    for (const name of ["libsofthsm2.so", "softhsm2", "SoftHSM2"]) assert.equal(find(name), softHsmModule);
  }
  assert.throws(() => find("softhsm"), expectedError("NOT_FOUND", /no PKCS#11 module "softhsm"/));
});

test("a URI that does not say which key is meant, or says it twice, is refused without being quoted", () => {
  for (const text of [
    "token=a",
    "object=b",
    "token=a;token=b;object=c",
    "token=a;object=%zz",
    "token=a;object=b?pin-value=1;2&pin-source=/x",
    "token=a;object=b?module-path=relative.so",
    "token=a;object=b?pin-source=http://x/pin-4711",
    "slot-id=4294967296;object=b",
    "slot-id=-1;object=b",
    "token=a;object=b?pin-value=4711&pin-value=4711",
    "token=a;object",
    "a?b?c",
  ]) {
    assert.throws(
      () => parsePkcs11Uri(`pkcs11:${text}`, "argument"),
      (error: Error) => {
        assert.ok(!error.message.includes("4711"));
        return expectedError("KEY_INVALID", /^the PKCS#11 URI of "argument" /)(error);
      },
    );
  }
  const uriWithId = parsePkcs11Uri("pkcs11:token=a%20b;id=%a1%B2?pin-value=%31", "argument");
  assert.deepEqual(
    [uriWithId.token, Buffer.from(uriWithId.id ?? []).toString("hex"), uriWithId.pinValue],
    ["a b", "a1b2", "1"],
  );
});

test("SHA-1 is used, and said, where SHA-256 does not fit the key; and not where SHA-256 was asked for", {
  skip,
}, async () => {
  const events: ProgressEvent[] = [];
  const progress = (event: ProgressEvent): void => void events.push(event);
  const packet = await seal([recipientFile("pkcs11", path("publicKey"))], { progress });
  assert.match(
    Buffer.from(packet.bytes).toString(),
    /^\{"version":0,"recipients":\[\{"version":0,"blob":"[^"]+","hash":"sha1"\}\]\}$/,
  );
  assert.deepEqual(
    events.map((event) => event.type === "warning" && event.code),
    ["OAEP_SHA1"],
  );
  const asked = { environment: { ...environment, OCICRYPT_OAEP_HASHALG: "SHA256" } };
  await assert.rejects(
    seal([recipientFile("pkcs11", path("publicKey"))], asked),
    expectedError("KEY_INVALID", /too short/),
  );
  await assert.rejects(
    seal([recipientFile("pkcs11", path("keyFile"))], asked),
    expectedError("KEY_INVALID", /too short/),
  );
  const odd = { environment: { ...environment, OCICRYPT_OAEP_HASHALG: "md5" } };
  await assert.rejects(seal([recipientFile("pkcs11", path("publicKey"))], odd), expectedError("USAGE", /"md5"/));
});

test("a public key file is wrapped for by the hash that was wished for, and SHA-1 that nobody asked for is told", async () => {
  for (const [bits, wished, hash, said] of [
    [3072, undefined, "sha256", []],
    [3072, "", "sha256", []],
    [3072, "SHA256", "sha256", []],
    [3072, "sha1", "sha1", []],
    [2048, "sha1", "sha1", []],
    [2048, undefined, "sha1", ["OAEP_SHA1"]],
  ] as const) {
    const pair = rsaPair(bits);
    const events: ProgressEvent[] = [];
    const packet = await seal([{ ...encryptionKey(pair.publicKey), scheme: "pkcs11" }], {
      environment: { ...environment, OCICRYPT_OAEP_HASHALG: wished },
      progress: (event) => void events.push(event),
    });
    const what = `${bits} bits, ${wished}`;
    assert.equal(JSON.parse(Buffer.from(packet.bytes).toString()).recipients[0].hash, hash, what);
    assert.deepEqual(
      events.map((event) => event.type === "warning" && event.code),
      said,
      what,
    );
    assert.deepEqual(await open(packet, [decryptionKey(pair.privateKey)]), secret, what);
    assert.equal(await open(packet, [decryptionKey(rsaPair(2048, "stranger").privateKey)]), undefined, what);
  }
});

test("faults/38: a key that is not RSA is refused, for somebody to encrypt for and to identify", async () => {
  for (const { publicKey } of [ecPair("P-256"), ecPair("P-521")]) {
    const key = { ...encryptionKey(publicKey, "ec.pem"), scheme: "pkcs11" };
    const refused = expectedError("KEY_INVALID", /^"ec.pem" is not an RSA key, which pkcs11 needs$/);
    await assert.rejects(seal([key]), refused);
    await assert.rejects(pkcs11.identify([key]), refused);
  }
  assert.equal(await pkcs11.unwrapWith([decryptionKey(ecPair("P-256").privateKey)], { environment }), undefined);
});

test("faults/40: a wrapped key that is not what it should be is refused, shown as damaged, and none is taken out of it", async () => {
  const blob = { version: 0, blob: "AAAA", hash: "sha1" };
  const members: readonly unknown[] = [
    null,
    1,
    "text",
    [],
    {},
    { recipients: null },
    { recipients: {} },
    { recipients: [null] },
    { recipients: [1] },
    { recipients: [[]] },
    { recipients: [{}] },
    { recipients: [{ ...blob, blob: null }] },
    { recipients: [{ ...blob, blob: "%" }] },
    { recipients: [blob, { ...blob, blob: 1 }] },
  ];
  const key = [decryptionKey(rsaPair().privateKey)];
  const damaged = {
    kind: "unreadable",
    scheme: "pkcs11",
    algorithm: "",
    id: "",
    label: "a damaged PKCS#11 wrapped key",
  };
  for (const bytes of [
    ...members.map((value) => Buffer.from(JSON.stringify(value))),
    Buffer.from("{"),
    Buffer.alloc(0),
    Buffer.from([0x22, 0xff, 0x22]),
    Buffer.alloc(2 ** 20 + 1, " "),
  ]) {
    const packet = { suffix: "pkcs11", bytes };
    const what = bytes.subarray(0, 60).toString();
    await assert.rejects(open(packet, key), expectedError("CORRUPT", /^the PKCS#11 wrapped key /), what);
    assert.deepEqual(pkcs11.recipients(packet), [damaged], what);
    assert.throws(() => pkcs11.without?.(packet, 2), expectedError("CORRUPT"), what);
  }
});

test("one recipient of several is taken out by its number, and there is none behind the last", async () => {
  const pairs = ["one", "two", "three"].map((name) => rsaPair(2048, name));
  const packet = await seal(pairs.map(({ publicKey }) => ({ ...encryptionKey(publicKey), scheme: "pkcs11" })));
  for (const gone of [0, 1, 2]) {
    const rest = pkcs11.without?.(packet, gone) ?? assert.fail();
    for (const [index, { privateKey }] of pairs.entries()) {
      const opened = await open(rest, [decryptionKey(privateKey)]);
      assert.deepEqual(opened, index === gone ? undefined : secret);
    }
  }
  for (const index of [3, 4]) {
    assert.throws(() => pkcs11.without?.(packet, index), expectedError("CORRUPT", /no such recipient/));
  }
});

test("what a token cannot do with SHA-256 is done by its bare RSA operation, sealed with the token or without", {
  skip,
}, async () => {
  const [long, other] = ["long", "other"].map((name) => makeSoftToken(join(scratch, name), 3072));
  assert.ok(long && other);
  const asked = { environment: { ...environment, OCICRYPT_OAEP_HASHALG: "sha256" } };
  const [key, stranger] = [keyFile(long.keyFile), keyFile(other.keyFile)];
  for (const recipient of [long.publicKey, long.keyFile]) {
    const packet = await seal([recipientFile("pkcs11", recipient)], asked);
    assert.equal(pkcs11.recipients(packet)[0]?.algorithm, "RSA-OAEP-256");
    assert.deepEqual(await open(packet, [key]), secret);
    assert.deepEqual(await open(packet, [keyFile(long.privateKey)]), secret);
    assert.equal(await open(packet, [stranger]), undefined);
  }
});

test("a wrapped key without a hash means SHA-1, and one of another version or hash is refused", { skip }, async () => {
  const packet = await seal([recipientFile("pkcs11", path("publicKey"))]);
  const text = Buffer.from(packet.bytes).toString();
  const key = [keyFile(path("privateKey"))];
  const changed = (from: string, to: string) => ({ suffix: "pkcs11", bytes: Buffer.from(text.replace(from, to)) });
  assert.deepEqual(await open(changed(',"hash":"sha1"', ""), key), secret);
  assert.deepEqual(await open(changed('"sha1"', '""'), key), secret);
  await assert.rejects(open(changed('"sha1"', '"md5"'), key), expectedError("UNSUPPORTED", /hash/));
  await assert.rejects(open(changed('"version":0', '"version":1'), key), expectedError("UNSUPPORTED", /version/));
});

test("the module's variables are set while it works and put back", { skip }, async () => {
  const packet = await seal([recipientFile("pkcs11", path("publicKey"))]);
  const before = process.env["SOFTHSM2_CONF"];
  process.env["SOFTHSM2_CONF"] = "/nowhere";
  assert.deepEqual(await open(packet, [keyFile(path("keyFile"))]), secret);
  assert.equal(process.env["SOFTHSM2_CONF"], "/nowhere");
  process.env["SOFTHSM2_CONF"] = before;
});

test("without the optional package, keys in tokens are an error that says how to get it", { skip }, async () => {
  const { execFileSync } = await import("node:child_process");
  const hook = `export const resolve = (name, context, next) => { if (name === "pkcs11js") throw new Error("not installed"); return next(name, context); };`;
  const hooks = `data:text/javascript,${encodeURIComponent(hook)}`;
  const program = `
    import { register } from "node:module";
    register(${JSON.stringify(hooks)});
    const { pkcs11 } = await import(${JSON.stringify(new URL("../../../../src/crypt/schemes/pkcs11/pkcs11.js", import.meta.url).href)});
    const value = Buffer.from(${JSON.stringify(`${uri()}&pin-value=1`)});
    const key = { scheme: "pkcs11", value, origin: "token", passphrase: undefined };
    for (const attempt of [() => pkcs11.wrapFor([key]), () => pkcs11.unwrapWith([key])]) {
      await attempt().catch((error) => console.log(error.code, error.message, error.hint));
    }`;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    env: withModule,
  }).toString();
  assert.equal(output.match(/^UNSUPPORTED .*pkcs11js.*npm install pkcs11js/gm)?.length, 2);
});

function path(name: "publicKey" | "privateKey" | "keyFile"): string {
  return token?.[name] ?? "";
}

function uri(): string {
  return token?.uri ?? "";
}

async function seal(keys: readonly EncryptionKey[], options: WrapperOptions = {}): Promise<WrappedKey> {
  const [packet] = await (await pkcs11.wrapFor(keys, { environment, ...options }))(secret);
  assert.ok(packet);
  return packet;
}

async function open(packet: WrappedKey, keys: readonly DecryptionKey[]): Promise<Uint8Array | undefined> {
  const opened = await (await pkcs11.unwrapWith(keys, { environment }))?.unwrap(packet);
  return opened && Buffer.from(opened);
}
