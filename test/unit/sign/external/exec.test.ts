// Needs openssl.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPublicKey, randomBytes, verify } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { splitCommand } from "../../../../src/sign/external/command-line.js";
import { execSigningKey } from "../../../../src/sign/external/exec.js";
import type { RawSignRequest } from "../../../../src/sign/signing-key.js";
import { expectedError } from "../../../support/expected-error.js";
import { makeCertificate } from "../../../support/keys/key-material.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();
const bytes = randomBytes(500);
const example = join(process.cwd(), "examples", "exec-signer", "openssl-sign.sh");
const request: RawSignRequest = {
  hash: "sha256",
  payloadType: "application/vnd.dev.cosign.simplesigning.v1+json",
  image: `registry.example.test/app@sha256:${"a".repeat(64)}`,
};
const key = makeKey("p256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);

for (const [name, algorithm, hash] of [
  ["P-256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "sha256"],
  ["P-384", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], "sha384"],
  ["P-521", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], "sha512"],
  ["RSA", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "sha256"],
] as const) {
  test(`the example command signs by openssl with a key on ${name}`, async () => {
    const file = makeKey(`example-${name}`, algorithm);
    const { signature, publicKey, chain } = await execSigningKey(`'${example}' "${file}"`).sign(bytes, {
      ...request,
      hash,
    });
    assert.equal(chain, undefined);
    assert.ok(publicKey.equals(createPublicKey(readFileSync(file))));
    assert.ok(verify(hash, bytes, publicKey, signature));
  });
}

test("the command gets one line of JSON, and none of it as an argument", async () => {
  const [asked, args] = [join(scratch, "asked"), join(scratch, "args")];
  const command = script("recording", [`printf '%s\\n' "$@" > '${args}'`, `tee '${asked}' | '${example}' '${key}'`]);
  await execSigningKey(`${command} --slot  7 'a b' "c;d" e\\ f '' $HOME`).sign(bytes, request);
  const digest = execFileSync("openssl", ["dgst", "-sha256", "-binary"], { input: bytes }).toString("base64");
  assert.equal(
    readFileSync(asked, "utf8"),
    `${JSON.stringify({ schema: "oci-enc/sign-request/v1", digest, hash: "sha256", payloadType: request.payloadType, image: request.image })}\n`,
  );
  assert.equal(readFileSync(args, "utf8"), "--slot\n7\na b\nc;d\ne f\n\n$HOME\n");
});

test("an answer may have a chain, leaf first, as one text or a list, in place of the public key or with it", async () => {
  const { certificate, privateKey } = makeCertificate(scratch, "leaf", []);
  const issuer = makeCertificate(scratch, "issuer", []);
  const pem = [certificate, issuer.certificate].map((file) => readFileSync(file, "utf8"));
  const spki = createPublicKey(readFileSync(privateKey)).export({ type: "spki", format: "pem" });
  for (const members of [{ chain: pem.join("") }, { chain: pem }, { chain: pem, publicKey: spki }]) {
    const { chain, publicKey } = await execSigningKey(answering("chain", privateKey, members)).sign(bytes, request);
    assert.deepEqual(
      chain?.map(({ subject }) => subject),
      ["O=oci-enc\nCN=leaf", "O=oci-enc\nCN=issuer"],
    );
    assert.ok(publicKey.equals(createPublicKey(readFileSync(certificate))));
  }
  const swapped = answering("swapped", privateKey, { chain: [...pem].reverse(), publicKey: spki });
  await assert.rejects(execSigningKey(swapped).sign(bytes, request), expectedError("KEY_PROVIDER", /not that of its/));
});

test("abuse: a signature of something else, or by another key than the answer names, is not used", async () => {
  const other = makeKey("other", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
  const otherKey = createPublicKey(readFileSync(other)).export({ type: "spki", format: "pem" });
  const commands = [
    answering("wrong-key", key, { publicKey: otherKey }),
    script("wrong-digest", [`sed 's/"digest":"...../"digest":"AAAAA/' | '${example}' '${key}'`]),
    script("raw", [`'${example}' '${key}' | sed 's/"signature":"[^"]*"/"signature":"${"A".repeat(86)}=="/'`]),
  ];
  for (const command of commands) {
    await assert.rejects(
      execSigningKey(command).sign(bytes, request),
      expectedError("KEY_PROVIDER", /its own public key does not verify/),
    );
  }
});

for (const [algorithm, ...options] of [["ED25519"], ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"], ["X25519"]] as const) {
  test(`a public key by which no hash is signed is refused: ${algorithm}`, async () => {
    const file = makeKey(`unfit-${algorithm}`, ["-algorithm", algorithm, ...options]);
    const publicKey = createPublicKey(readFileSync(file)).export({ type: "spki", format: "pem" });
    await assert.rejects(
      execSigningKey(answering(`unfit-${algorithm}`, key, { publicKey })).sign(bytes, request),
      expectedError("KEY_PROVIDER", /a key that cannot be used/),
    );
  });
}

for (const [title, lines, expected] of [
  ["nothing", [":"], /is not one line of JSON/],
  ["words", ["echo hello"], /is not one line of JSON/],
  ["two lines", ["echo '{}'; echo '{}'"], /more than one line/],
  ["a list", ["echo '[]'"], /no "signature"/],
  ["no signature", [`echo '{"publicKey":""}'`], /no "signature"/],
  ["a signature that is not text", [`echo '{"signature":5}'`], /no "signature"/],
  ["a signature twice", [`echo '{"signature":"AAAA","signature":"AAAA"}'`], /a member that is there twice/],
  ["a signature alone", [`echo '{"signature":"AAAA"}'`], /neither "publicKey" nor "chain"/],
  ["a private key", [`echo '{"signature":"AAAA","publicKey":"-----BEGIN PRIVATE KEY-----"}'`], /one public key in PEM/],
  ["an empty chain", [`echo '{"signature":"AAAA","chain":[]}'`], /without certificates/],
  [
    "a broken certificate",
    [`printf '%s' '{"signature":"AAAA","chain":"${pem("CERTIFICATE")}"}'`],
    /a certificate that cannot/,
  ],
  [
    "a broken key",
    [`printf '%s' '{"signature":"AAAA","publicKey":"${pem("PUBLIC KEY")}"}'`],
    /a public key that cannot/,
  ],
  ["a megabyte", ["head -c 1000000 /dev/zero"], /wrote more than 262144 bytes/],
  ["a failure", ["echo no such slot >&2; exit 3"], /ended with status 3 and said "no such slot"/],
] as const) {
  test(`a command that answers with ${title} is a failure of the key provider`, async () => {
    const command = script(title.replaceAll(" ", "-"), lines);
    await assert.rejects(execSigningKey(command).sign(bytes, request), expectedError("KEY_PROVIDER", expected));
  });
}

test("a command that is not there, or does not answer in time, is a failure of the key provider", async () => {
  const missing = execSigningKey(`${join(scratch, "none")} --token 4711`);
  await assert.rejects(missing.sign(bytes, request), (error: Error) => {
    assert.ok(!error.message.includes("4711"));
    return expectedError("KEY_PROVIDER", /there is no such program/)(error);
  });
  assert.ok(!missing.name.includes("4711"));
  const slow = execSigningKey(script("slow", ["exec sleep 60"]), { timeoutMs: 50 });
  await assert.rejects(slow.sign(bytes, request), expectedError("KEY_PROVIDER", /did not answer within/));
});

test("an abandoned signature ends the command", async () => {
  const started = join(scratch, "started");
  const command = script("waiting", [`: > '${started}'`, "exec sleep 60"]);
  const abort = new AbortController();
  const signing = execSigningKey(command).sign(bytes, { ...request, signal: abort.signal });
  const rejected = assert.rejects(signing, expectedError("ABORTED"));
  while (!existsSync(started)) await new Promise((resolve) => setImmediate(resolve));
  abort.abort();
  await rejected;
});

test("a command is split at white space, quotes hold together, and nothing is expanded", () => {
  for (const [text, words] of [
    ["sign", ["sign"]],
    ["  sign\t a \n b ", ["sign", "a", "b"]],
    [`sign 'a b'"c d"e`, ["sign", "a bc de"]],
    [`sign "a \\" b" 'a\\'`, ["sign", 'a " b', "a\\"]],
    ["sign a\\ b \\' ''", ["sign", "a b", "'", ""]],
    ["sign $HOME `id` $(id) ~ * ; | > &", ["sign", "$HOME", "`id`", "$(id)", "~", "*", ";", "|", ">", "&"]],
    ["'/opt/my tools/sign' é\u00a0x", ["/opt/my tools/sign", "é\u00a0x"]],
  ] as const) {
    assert.deepEqual(splitCommand(text), words, text);
  }
  for (const text of ["", " ", "''", "sign 'a", 'sign "a', 'sign "a\\"', "sign a\\", "sign \u0000"]) {
    assert.throws(() => splitCommand(text), expectedError("USAGE", /^the command of exec: /), JSON.stringify(text));
  }
});

function makeKey(name: string, algorithm: readonly string[]): string {
  const file = join(scratch, `${name}.pem`);
  execFileSync("openssl", ["genpkey", ...algorithm, "-out", file], { stdio: "pipe" });
  return file;
}

function script(name: string, lines: readonly string[]): string {
  const file = join(scratch, `${name}.sh`);
  writeFileSync(file, ["#!/bin/sh", ...lines, ""].join("\n"));
  chmodSync(file, 0o755);
  return file;
}

/** A command that signs with a key, and answers with other members beside the signature than its own public key. */
function answering(name: string, file: string, members: object): string {
  const rest = join(scratch, `${name}.json`);
  writeFileSync(rest, JSON.stringify(members).slice(1));
  return script(name, [`'${example}' '${file}' | sed 's/"publicKey".*//' | tr -d '\\n'; cat '${rest}'`]);
}

function pem(label: string): string {
  return `-----BEGIN ${label}-----\\nAAAA\\n-----END ${label}-----\\n`;
}
