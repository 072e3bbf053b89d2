// Needs openssl.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { withEditedParts } from "../../../../src/crypt/envelope.js";
import { unwrapEnvelope } from "../../../../src/crypt/layer.js";
import { provider } from "../../../../src/crypt/schemes/provider/provider.js";
import { loadKeyring, loadRecipients, type WrappedKey, type WrapperOptions } from "../../../../src/doors/crypt.js";
import { expectedError } from "../../../support/expected-error.js";
import { keyFile, keyWord, makeCertificate, recipientFile, recipientWord } from "../../../support/keys/key-material.js";
import { configureProviders, startService } from "../../../support/keys/key-provider.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();
const secret = randomBytes(193);
const ending: (() => Promise<void>)[] = [];
after(() => Promise.all(ending.map((end) => end())));

test("the example command wraps and unwraps", async () => {
  const { environment } = configureProviders(scratch);
  assert.deepEqual(await thereAndBack({ environment }), secret);
});

test("the example service wraps and unwraps, in plain text, over TLS and with client certificates", async () => {
  const { key } = configureProviders(scratch);
  const server = makeCertificate(scratch, "server", ["-addext", "subjectAltName=DNS:localhost"]);
  const tls = { "root-ca-file": server.certificate };
  const mutual = { ...tls, "cert-file": server.certificate, "key-file": server.privateKey };
  const pair = [server.certificate, server.privateKey];
  for (const [options, settings] of [
    [[], undefined],
    [pair, tls],
    [[...pair, server.certificate], mutual],
  ] as const) {
    const service = await startService(key, options);
    ending.push(() => service.end());
    const entry = { grpc: service.address, ...(settings && { "grpc-tls": settings }) };
    const { environment } = configureProviders(scratch, { example: entry });
    assert.deepEqual(await thereAndBack({ environment }), secret);
  }
});

test("faults/42: a service whose certificate does not hold, or that is not there, is an error that names it", async () => {
  const { key } = configureProviders(scratch);
  const [server, other] = [makeCertificate(scratch, "held"), makeCertificate(scratch, "other")];
  const service = await startService(key, [server.certificate, server.privateKey]);
  ending.push(() => service.end());
  const entries = [
    { grpc: service.address, "grpc-tls": { "root-ca-file": other.certificate } },
    { grpc: service.address, "grpc-tls": {} },
    { grpc: service.address },
    { grpc: "127.0.0.1:1" },
  ];
  for (const entry of entries) {
    const { environment } = configureProviders(scratch, { example: entry });
    const failed = thereAndBack({ environment, providerTimeoutMs: 5000 });
    await assert.rejects(failed, expectedError("KEY_PROVIDER", /key provider "example" at "(localhost|127)/));
  }
});

for (const [title, script, expected, timeout] of [
  ["that exits with 1 is quoted", "echo 'the vault is shut' >&2; exit 1", /status 1 and said "the vault is shut"/],
  ["that hangs is ended", "sleep 60", /did not answer within/, 300],
  ["that writes without end is ended", "yes", /wrote more than 1048576 bytes/],
  ["that answers no JSON is refused", "echo hello", /is not JSON/],
  ["that answers nothing is refused", "true", /is empty/],
  ["that answers without a result is refused", "echo '{}'", /no usable keywrapresults.annotation/],
  [
    "that answers what is not UTF-8 is refused",
    `printf '{"a":"\\377","keywrapresults":{"annotation":"AAAA"}}'`,
    /is not JSON/,
  ],
] as const) {
  test(`faults/42: a provider ${title}`, async () => {
    const { environment } = shellProvider(script);
    const failed = thereAndBack({ environment, providerTimeoutMs: timeout ?? 20_000 });
    await assert.rejects(failed, expectedError("KEY_PROVIDER", expected));
  });
}

test("faults/42: an answer is base64 or a list of octets, and nothing that is nearly so", async () => {
  for (const [result, wrapped] of [
    ['"AQID"', [1, 2, 3]],
    ["[0,127,255]", [0, 127, 255]],
    ['""', undefined],
    ["[]", undefined],
    ['"AQI"', undefined],
    ['"%"', undefined],
    ["[256]", undefined],
    ["[1,-1]", undefined],
    ["[1,1.5]", undefined],
    ['[1,"2"]', undefined],
    ["[null]", undefined],
    ["[[1]]", undefined],
    ["null", undefined],
    ["{}", undefined],
    ['{"0":1,"length":1}', undefined],
  ] as const) {
    const { environment } = shellProvider(`cat >/dev/null; echo '{"keywrapresults":{"annotation":${result}}}'`);
    const wrap = await provider.wrapFor([recipientWord("provider", "example")], { environment });
    if (wrapped === undefined) {
      await assert.rejects(wrap(secret), expectedError("KEY_PROVIDER", /no usable keywrapresults.annotation/), result);
    } else assert.deepEqual([...((await wrap(secret))[0]?.bytes ?? [])], wrapped);
  }
});

test("faults/42: a service whose certificate does not hold is asked where its entry says so, in so many words, and no other", async () => {
  const { key } = configureProviders(scratch);
  const [server, other] = [makeCertificate(scratch, "unproven"), makeCertificate(scratch, "beside-it")];
  const service = await startService(key, [server.certificate, server.privateKey]);
  ending.push(() => service.end());
  const strange = { "root-ca-file": other.certificate };
  for (const [tls, asked] of [
    [{ ...strange, "insecure-skip-verify": true }, true],
    [{ "insecure-skip-verify": true }, true],
    [{ ...strange, "insecure-skip-verify": false }, false],
    [{ ...strange, "insecure-skip-verify": "true" }, false],
    [{ ...strange, "insecure-skip-verify": 1 }, false],
  ] as const) {
    const { environment } = configureProviders(scratch, { example: { grpc: service.address, "grpc-tls": tls } });
    const answered = thereAndBack({ environment, providerTimeoutMs: 5000 });
    if (asked) assert.deepEqual(await answered, secret);
    else await assert.rejects(answered, expectedError("KEY_PROVIDER", /key provider "example" at "localhost/));
  }
});

test("faults/42: a service's certificate has to be for its host, or for the name that its entry says", async () => {
  const { key } = configureProviders(scratch);
  const server = makeCertificate(scratch, "named", ["-addext", "subjectAltName=DNS:keys.example"]);
  const service = await startService(key, [server.certificate, server.privateKey]);
  ending.push(() => service.end());
  for (const [name, asked] of [
    ["keys.example", true],
    ["other.example", false],
    ["", false],
  ] as const) {
    const tls = { "root-ca-file": server.certificate, "server-name": name };
    const { environment } = configureProviders(scratch, { example: { grpc: service.address, "grpc-tls": tls } });
    const answered = thereAndBack({ environment, providerTimeoutMs: 5000 });
    if (asked) assert.deepEqual(await answered, secret);
    else await assert.rejects(answered, expectedError("KEY_PROVIDER"), name);
  }
});

test("faults/42: a service that does not answer is waited for as long as was said", async () => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const address = silent.address();
  assert.ok(address !== null && typeof address === "object");
  const sockets = new Set<Socket>();
  silent.on("connection", (socket) => sockets.add(socket));
  ending.push(async () => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const { environment } = configureProviders(scratch, { example: { grpc: `127.0.0.1:${address.port}` } });
  const failed = thereAndBack({ environment, providerTimeoutMs: 1000 });
  await assert.rejects(failed, expectedError("KEY_PROVIDER", /failed: "it did not answer within 1 s"$/));
});

test("a provider's name is of letters, digits and few marks, and what follows the colon is not quoted", async () => {
  const { environment } = configureProviders(scratch);
  for (const [word, shown] of [
    ["", '""'],
    ["a b", '"a b"'],
    ["a/b", '"a/b"'],
    [":secret", '""'],
    ["a b:secret", '"a b"'],
    ["x".repeat(129), `"${"x".repeat(128)}"`],
  ] as const) {
    const [origin = ""] = word.split(":");
    const refused = (error: Error) => {
      assert.ok(!error.message.includes("secret"), error.message);
      return expectedError("USAGE", new RegExp(`^not a key provider's name: ${shown}$`), /provider:NAME/)(error);
    };
    const recipient = { ...recipientWord("provider", word), origin };
    const key = { ...keyWord("provider", word), origin };
    await assert.rejects(provider.wrapFor([recipient], { environment }), refused);
    await assert.rejects(async () => provider.unwrapWith([key], { environment }), refused);
    await assert.rejects(provider.identify([recipient]), refused);
  }
  for (const word of ["A.b_c-9", "x".repeat(128), "example:a:b"]) {
    const [known] = await provider.identify([recipientWord("provider", word)]);
    assert.equal(known?.id, word.split(":")[0]);
  }
});

test("faults/42: a provider that is not executable or not there is named", async () => {
  const script = join(scratch, "not-executable");
  writeFileSync(script, "#!/bin/sh\n");
  chmodSync(script, 0o644);
  for (const path of [script, join(scratch, "missing")]) {
    const { environment } = configureProviders(scratch, { example: { cmd: { path, args: [] } } });
    await assert.rejects(
      thereAndBack({ environment }),
      expectedError("KEY_PROVIDER", /^key provider "example": program /),
    );
  }
});

test("faults/42: a configuration that is missing or broken is named with its path", async () => {
  const path = join(scratch, "configuration");
  const environment = { OCICRYPT_KEYPROVIDER_CONFIG: path };
  await assert.rejects(thereAndBack({ environment }), expectedError("NOT_FOUND", /configuration".*no such file/));
  for (const text of ["{", "[]", '{"key-providers":[]}', '{"key-providers":{"example":{}}}']) {
    writeFileSync(path, text);
    await assert.rejects(thereAndBack({ environment }), expectedError("USAGE", /configuration"/));
  }
  writeFileSync(path, '{"key-providers":{"other":{"cmd":{"path":"true"}}}}');
  await assert.rejects(thereAndBack({ environment }), expectedError("USAGE", /"example" is not in/, /there are 1/));
  execFileSync("mkfifo", [join(scratch, "fifo")]);
  writeFileSync(path, Buffer.alloc(2 ** 20 + 1, " "));
  for (const odd of [join(scratch, "fifo"), "/dev/zero", scratch, path]) {
    const failed = thereAndBack({ environment: { OCICRYPT_KEYPROVIDER_CONFIG: odd } });
    await assert.rejects(
      failed,
      expectedError("LOCAL_IO", /configuration.*(?:not a regular file|is a directory|has more than)/),
    );
  }
  await assert.rejects(thereAndBack({ environment: {} }), expectedError("USAGE", /no key provider is configured/));
});

test("faults/42: whoever needs no provider is not stopped by a configuration that cannot be used", async () => {
  const path = join(scratch, "unusable.json");
  const environment = { OCICRYPT_KEYPROVIDER_CONFIG: path };
  const pair = makeCertificate(scratch, "beside");
  const wrap = await loadRecipients([recipientFile("jwe", pair.certificate)]);
  const [sealed] = await wrap(secret);
  assert.ok(sealed);
  const provided = { suffix: "provider.example", bytes: Buffer.from("packet") };
  for (const text of [undefined, "{", "[]", entryOf({}), entryOf({ ttrpc: "unix:///x" }), entryOf({ native: "x" })]) {
    if (text !== undefined) writeFileSync(path, text);
    const keyring = await loadKeyring([keyFile(pair.privateKey)], { environment });
    const annotations = (packets: readonly WrappedKey[]) => withEditedParts({}, [], packets);
    assert.deepEqual(Buffer.from(await unwrapEnvelope(annotations([provided, sealed]), keyring)), secret);
    // The last hope: it is said why it was not asked.
    const why = text === undefined ? /no such file/ : /key provider configuration .*unusable\.json/;
    await assert.rejects(unwrapEnvelope(annotations([provided]), keyring), expectedError("KEY_PROVIDER", why));
    const named = loadKeyring([keyWord("provider", "example")], { environment });
    await assert.rejects(named, expectedError(text === undefined ? "NOT_FOUND" : "USAGE", /key provider/));
  }
  writeFileSync(path, entryOf({ ttrpc: "unix:///x" }, { cmd: { path: "cat" } }));
  await loadRecipients([recipientWord("provider", "other")], { environment });
  for (const [entry, message] of [
    [{ ttrpc: "unix:///x" }, /gives provider 1 the way "ttrpc", and neither cmd nor grpc/],
    [{ native: "x" }, /gives provider 1 the way "native", and neither cmd nor grpc/],
    [{}, /gives provider 1 neither cmd nor grpc/],
    [{ cmd: {} }, /gives provider 1 no cmd.path/],
    [{ cmd: { path: "cat", args: [1] } }, /gives provider 1 arguments that are not a list of texts/],
  ] as const) {
    writeFileSync(path, entryOf(entry));
    const refused = loadRecipients([recipientWord("provider", "example")], { environment });
    await assert.rejects(refused, expectedError("USAGE", message));
  }
});

function entryOf(example: object, other?: object): string {
  return JSON.stringify({ "key-providers": { example, ...(other && { other }) } });
}

test("faults/42: options of another layer, or none at all, do not open a layer", async () => {
  const answer = JSON.stringify({ keyunwrapresults: { optsdata: Buffer.from("not options").toString("base64") } });
  const { environment } = shellProvider(`cat >/dev/null; echo '${answer}'`);
  const opened = await (await provider.unwrapWith([keyWord("provider", "example")], { environment }))?.unwrap(packet());
  // What it says is taken for layer options, and fails as those: the HMAC stands behind it.
  assert.equal(Buffer.from(opened ?? []).toString(), "not options");
});

test("faults/42, faults/45: a provider is sent its own parameter, and no key, passphrase or other recipient", async () => {
  const log = join(scratch, "requests");
  const { environment } = shellProvider(
    `cat >>'${log}'; echo '{"keywrapresults":{"annotation":"AAAA"},"keyunwrapresults":{"optsdata":"AAAA"}}'`,
  );
  const pair = makeCertificate(scratch, "bystander");
  const recipients = [recipientWord("provider", "example:parameter"), recipientFile("jwe", pair.certificate)];
  await (await loadRecipients(recipients, { environment }))(secret);
  const keys = [keyWord("provider", "example:other"), keyFile(pair.privateKey, "a passphrase")];
  const [opener] = (await loadKeyring(keys, { environment })).filter(({ row }) => row.scheme === "provider");
  await opener?.unwrap(packet());
  const [wrap, unwrap] = readFileSync(log, "utf8")
    .replace("}{", "}\n{")
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(wrap.keywrapparams.ec, {
    Parameters: { example: [Buffer.from("parameter").toString("base64")] },
    DecryptConfig: { Parameters: {} },
  });
  assert.deepEqual(unwrap.keyunwrapparams.dc, { Parameters: { example: [Buffer.from("other").toString("base64")] } });
  const all = readFileSync(log, "utf8");
  for (const word of ["PRIVATE", "passphrase", "CERTIFICATE", "privkeys"]) assert.ok(!all.includes(word), word);
});

test("a recipient is named by the wrapped keys of the Confidential Containers, versions 1 and 2", () => {
  const one = { kid: "kbs:///default/key/1", wrapped_data: "AAAA", iv: "AAAA", wrap_type: "A256GCM" };
  const two = { ...one, version: "0.1.0", provider: "kbs", provider_settings: {}, annotations: {} };
  const { wrap_type: _wrapType, iv: _iv, ...kms } = { ...two, provider: "aliyun" };
  const label = (members: object): string | undefined =>
    provider.recipients({ suffix: "provider.attestation-agent", bytes: Buffer.from(JSON.stringify(members)) })[0]
      ?.label;
  assert.equal(label(one), "attestation-agent kbs v1 kbs:///default/key/1");
  assert.equal(label(two), "attestation-agent kbs v2 kbs:///default/key/1");
  assert.equal(label(kms), "attestation-agent aliyun v2 kbs:///default/key/1");
  const algorithm = (members: object) =>
    provider.recipients({ suffix: "provider.x", bytes: Buffer.from(JSON.stringify(members)) })[0]?.algorithm;
  assert.deepEqual(
    [one, { ...one, wrap_type: "A256CTR" }, kms, { kid: "a", alg: "RSA-OAEP" }, { kid: "a" }].map(algorithm),
    ["A256GCM", "A256CTR", "A256GCM", "RSA-OAEP", ""],
  );
  const opaque = provider.recipients({ suffix: "provider.kms", bytes: randomBytes(40) });
  assert.deepEqual(opaque, [{ kind: "recipient", scheme: "provider", algorithm: "", id: "kms", label: "kms" }]);
});

test("an abandoned operation ends the provider", async () => {
  const pid = join(scratch, "pid");
  const { environment } = shellProvider(`echo $$ >'${pid}'; exec sleep 60`);
  const stop = new AbortController();
  const running = thereAndBack({ environment, signal: stop.signal });
  const watch = setInterval(() => existsSync(pid) && stop.abort(), 20);
  await assert.rejects(running, expectedError("ABORTED"));
  clearInterval(watch);
});

function shellProvider(script: string): { readonly environment: Readonly<Record<string, string | undefined>> } {
  return configureProviders(scratch, { example: { cmd: { path: "/bin/sh", args: ["-c", script] } } });
}

async function thereAndBack(options: WrapperOptions): Promise<Uint8Array | undefined> {
  const wrap = await provider.wrapFor([recipientWord("provider", "example")], options);
  const [wrapped] = await wrap(secret);
  assert.ok(wrapped);
  assert.equal(wrapped.suffix, "provider.example");
  return (await provider.unwrapWith([keyWord("provider", "example")], options))?.unwrap(wrapped);
}

function packet(): WrappedKey {
  return { suffix: "provider.example", bytes: Buffer.from("packet") };
}
