import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ociEncProgram } from "../../support/process/oci-enc.js";
import { decoderProgram, payloadOf, runOurDecoder } from "../../support/runtime/decoder.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const vector = join(process.cwd(), "test", "vectors", "decoder-payload");
const payload = readFileSync(join(vector, "payload.bin"));
const layer = readFileSync(join(vector, "layer.enc"));
const plain = readFileSync(join(vector, "layer.tgz"));
const keyFile = join(vector, "key.pem");
const key = readFileSync(keyFile);

/** A new directory that holds these files; a directory of keys. */
function keysDirectory(files: Readonly<Record<string, string | Uint8Array>>): string {
  const directory = mkdtempSync(join(scratch, "keys-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(directory, name, ".."), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

function withKeys(path: string, more: { layer?: Uint8Array; payload?: Uint8Array } = {}) {
  return runOurDecoder({ args: ["--decryption-keys-path", path], payload, layer, ...more });
}

async function opens(path: string): Promise<void> {
  const { status, stdout, stderr } = await withKeys(path);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.deepEqual(stdout, plain);
}

async function fails(call: ReturnType<typeof withKeys>, firstLine: RegExp): Promise<string> {
  const { status, stdout, stderr } = await call;
  assert.equal(status, 1, stderr);
  assert.deepEqual(stdout, Buffer.alloc(0));
  assert.match(stderr.split("\n")[0] ?? "", firstLine);
  return stderr;
}

/** The vector's payload with some members of its JSON in place of others. */
function changedPayload(
  change: (value: { DecryptConfig: object; Descriptor: { annotations: Record<string, string> } }) => void,
): Buffer {
  const value = JSON.parse(payload.subarray(payload.indexOf("{")).toString("utf8"));
  change(value);
  return payloadOf(value);
}

test("the payload that containerd 1.6 sent gives the bytes that ctd-decoder gave", async () => {
  const { status, stdout } = await withKeys(keyFile);
  assert.equal(status, 0);
  assert.deepEqual(stdout, plain);
});

test("the test's own payload builder makes the captured payload, byte for byte", () => {
  assert.deepEqual(
    changedPayload(() => undefined),
    payload,
  );
});

for (const [what, files] of Object.entries({
  "one key": { "node.pem": key },
  "nested directories and dotfiles": { "a/b/.key": key },
  "a DER key": { "key.der": createPrivateKey(key).export({ type: "pkcs8", format: "der" }) },
  "two keys": {
    "a.pem": generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }),
    "b.pem": key,
  },
  "text before the PEM block": { "k.pem": `Bag Attributes\n  friendlyName: node\n${key}` },
  "an empty file beside it": { "k.pem": key, empty: "" },
  "a public key beside it": {
    "k.pem": key,
    "pub.pem": createPublicKey(key).export({ type: "spki", format: "pem" }),
  },
  "a note beside it": { "k.pem": key, "README.txt": "do not delete" },
  "the key in the second PEM block": {
    "k.pem": `${generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "sec1", format: "pem" })}${key}`,
  },
  "an encrypted PKCS#8 key with its passphrase beside it": {
    "k.pem": createPrivateKey(key).export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "secret",
    }),
    "k.pem.passphrase": "secret\n",
  },
  "an encrypted key without a passphrase beside a good one": {
    "a.pem": createPrivateKey(key).export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "secret",
    }),
    "b.pem": key,
  },
})) {
  test(`a directory of keys may hold ${what}`, async () => opens(keysDirectory(files)));
}

test("a directory of keys may be a mounted Kubernetes secret, all links", async () => {
  const directory = keysDirectory({ "..2026_01_01/node.pem": key });
  symlinkSync("..2026_01_01", join(directory, "..data"));
  symlinkSync("..data/node.pem", join(directory, "node.pem"));
  await opens(directory);
});

test("a link that leads out of the directory of keys is not followed", async () => {
  const directory = keysDirectory({});
  symlinkSync(keyFile, join(directory, "node.pem"));
  await fails(withKeys(directory), /^KEY_MISMATCH: missing private key/);
});

test("an argument without a dash is let pass, as by the original", async () => {
  const { status, stdout } = await runOurDecoder({
    args: [`-decryption-keys-path=${keyFile}`, "extra"],
    payload,
    layer,
  });
  assert.equal(status, 0);
  assert.deepEqual(stdout, plain);
});

test("a payload's own key opens the layer, with a directory of other keys beside it or none", async () => {
  const privkeys = [key.toString("base64")];
  const given = changedPayload((value) => {
    value.DecryptConfig = { Parameters: { privkeys, "privkeys-passwords": [null] } };
  });
  const other = keysDirectory({
    "o.pem": generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey.export({ type: "sec1", format: "pem" }),
  });
  for (const args of [[], ["--decryption-keys-path", other]]) {
    const { status, stdout, stderr } = await runOurDecoder({ args, payload: given, layer });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.deepEqual(stdout, plain);
  }
});

test("a payload's own key may be encrypted, its passphrase beside it", async () => {
  const encrypted = createPrivateKey(key).export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: "pw",
  });
  const given = changedPayload((value) => {
    value.DecryptConfig = {
      Parameters: {
        privkeys: [Buffer.from(encrypted).toString("base64")],
        "privkeys-passwords": [Buffer.from("pw").toString("base64")],
      },
    };
  });
  const { status, stdout, stderr } = await runOurDecoder({ payload: given, layer });
  assert.deepEqual([status, stderr], [0, ""]);
  assert.deepEqual(stdout, plain);
});

test("a type URL with the host of a registry before it is taken, too", async () => {
  const value: unknown = JSON.parse(payload.subarray(payload.indexOf("{")).toString("utf8"));
  const { status } = await withKeys(keyFile, {
    payload: payloadOf(value, "types.containerd.io/io.containerd.ocicrypt.v1.Payload"),
  });
  assert.equal(status, 0);
});

test("without descriptor 3 and a content store the first line says so, and how to name one", async () => {
  const nowhere = join(scratch, "nowhere");
  const stderr = await fails(
    runOurDecoder({ args: ["--decryption-keys-path", keyFile, "--content-root", nowhere], layer }),
    /^USAGE: no payload was passed on descriptor 3, and no content store of containerd is at ".*nowhere.*"$/,
  );
  assert.match(stderr, /--content-root/);
});

test("an empty descriptor 3, or another type, is UNSUPPORTED", async () => {
  await fails(withKeys(keyFile, { payload: Buffer.alloc(0) }), /^UNSUPPORTED: the payload is of the type ""$/);
  await fails(withKeys(keyFile, { payload: payloadOf({}, "some.other.Type") }), /^UNSUPPORTED: .*"some.other.Type"$/);
});

test("garbage on descriptor 3 is CORRUPT", async () => {
  await fails(
    withKeys(keyFile, { payload: Buffer.from("ff".repeat(40), "hex") }),
    /^CORRUPT: the payload on descriptor 3 is malformed/,
  );
  await fails(withKeys(keyFile, { payload: payloadOf([]) }), /^CORRUPT: the payload on descriptor 3 is malformed/);
});

test("without any key the first line is ctr-enc's words under our code", async () => {
  await fails(runOurDecoder({ payload, layer }), /^KEY_MISMATCH: missing private key needed for decryption$/);
  await fails(withKeys(keysDirectory({})), /^KEY_MISMATCH: missing private key needed for decryption$/);
});

test("a wrong key is KEY_MISMATCH, and names the scheme", async () => {
  const wrong = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
  const stderr = await fails(
    withKeys(keysDirectory({ "wrong.pem": wrong })),
    /^KEY_MISMATCH: no key decrypts it \(jwe: /,
  );
  assert.match(stderr, /encrypted for: jwe/);
});

test("a key that could not be read is named after the first line, without its content", async () => {
  const encrypted = createPrivateKey(key).export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: "x",
  });
  const stderr = await fails(withKeys(keysDirectory({ "k.pem": encrypted })), /^KEY_MISMATCH: /);
  assert.match(stderr, /not used: .*k\.pem.*no passphrase/);
});

test("a list of key providers that is missing is none, as containerd's built-in configuration names one anyway", async () => {
  const { status, stdout } = await runOurDecoder({
    args: ["--decryption-keys-path", keyFile],
    payload,
    layer,
    environment: { OCICRYPT_KEYPROVIDER_CONFIG: "/etc/containerd/ocicrypt/nothing.conf" },
  });
  assert.equal(status, 0);
  assert.deepEqual(stdout, plain);
});

test("a directory of keys that is missing is NOT_FOUND", async () => {
  await fails(withKeys("/nonexistent/keys"), /^NOT_FOUND: cannot read the keys in "\/nonexistent\/keys": no such file/);
});

test("a layer that was tampered with, cut short or lengthened fails before its last bytes come out", async () => {
  const tampered = Buffer.from(layer);
  tampered[100] = (tampered[100] ?? 0) ^ 1;
  for (const bytes of [tampered, layer.subarray(0, 136), Buffer.concat([layer, Buffer.alloc(1)]), Buffer.alloc(0)]) {
    await fails(
      withKeys(keyFile, { layer: bytes }),
      /^CORRUPT: the layer cannot be decrypted: its HMAC does not match/,
    );
  }
});

test("public options that are missing or no base64 are CORRUPT", async () => {
  const name = "org.opencontainers.image.enc.pubopts";
  const without = changedPayload(({ Descriptor }) => delete Descriptor.annotations[name]);
  const broken = changedPayload(({ Descriptor }) => {
    Descriptor.annotations[name] = "!";
  });
  await fails(withKeys(keyFile, { payload: without }), /^CORRUPT: the layer has no annotation org\.opencontainers/);
  await fails(withKeys(keyFile, { payload: broken }), /^CORRUPT: the annotation .* is not base64$/);
});

test("an unknown option is USAGE with status 1; --help is status 0", async () => {
  await fails(runOurDecoder({ args: ["--foo"], payload, layer }), /^USAGE: unknown option "--foo"$/);
  const { status, stdout } = await runOurDecoder({ args: ["--help"] });
  assert.equal(status, 0);
  assert.match(stdout.toString(), /--decryption-keys-path/);
});

for (const [signal, status] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const) {
  for (const command of [[decoderProgram], [ociEncProgram, "decoder"]]) {
    test(`${command.length > 1 ? "oci-enc decoder" : "ctd-decoder"} ends with ${status} on ${signal}`, async () => {
      const child = spawn(process.execPath, [...command, "--decryption-keys-path", keyFile], {
        stdio: ["pipe", "pipe", "pipe", "pipe"],
      });
      const third = child.stdio[3];
      assert.ok(third && "end" in third);
      third.end(payload);
      child.stdin?.on("error", () => {
        // It was stopped before it had read everything.
      });
      // Enough for the first bytes to come out, whatever the sizes of the pieces that arrive, and no end: the decoder waits for more.
      child.stdin?.write(Buffer.alloc(4 * 1024 * 1024));
      await once(child.stdout ?? child, "data");
      child.kill(signal);
      child.stdout?.resume();
      const [code] = await once(child, "close");
      assert.equal(code, status);
    });
  }
}

test("oci-enc decoder is the same program", async () => {
  const { runStreamProcessor } = await import("../../support/runtime/decoder.js");
  const command = [process.execPath, ociEncProgram, "decoder"];
  const good = await runStreamProcessor(command, { args: ["--decryption-keys-path", keyFile], payload, layer });
  assert.equal(good.status, 0, good.stderr);
  assert.deepEqual(good.stdout, plain);
  await fails(
    runStreamProcessor(command, { payload, layer }),
    /^KEY_MISMATCH: missing private key needed for decryption$/,
  );
  await fails(runStreamProcessor(command, { args: ["--foo"], payload, layer }), /^USAGE: unknown option/);
});

test("the payload may be a file, as in a shell", async () => {
  copyFileSync(join(vector, "payload.bin"), join(scratch, "p.bin"));
  const shell = ["sh", "-c", `exec "$0" "$1" --decryption-keys-path "$2" 3<"$3"`, process.execPath, decoderProgram];
  const { runStreamProcessor } = await import("../../support/runtime/decoder.js");
  const { status, stdout } = await runStreamProcessor(shell, { args: [keyFile, join(scratch, "p.bin")], layer });
  assert.equal(status, 0);
  assert.deepEqual(stdout, plain);
});
