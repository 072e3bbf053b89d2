import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { defaultCipher } from "../../../src/crypt/ciphers/index.js";
import { type Keyring, loadKeyring, loadRecipients, sealLayer } from "../../../src/crypt/layer.js";
import {
  accessTo,
  checkLayerAccess,
  type DescribedLayer,
  decidingRefusal,
  type LayerVerdict,
} from "../../../src/crypt/layer-access.js";
import { schemeRow } from "../../../src/crypt/schemes/index.js";
import { type ErrorCode, OciEncError } from "../../../src/errors.js";
import { digestOf } from "../../../src/oci/digest.js";
import { chunked, collect } from "../../support/bytes/chunked.js";
import { expectedError } from "../../support/expected-error.js";
import { person } from "../../support/keys/people.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const pubopts = "org.opencontainers.image.enc.pubopts";
const [alice, bob] = [person("alice"), person("bob")];
const plain = randomBytes(100);
const annotations = await sealed();
const { [pubopts]: _, ...withoutOptions } = annotations;
const unknownCipher = Buffer.from('{"cipher":"ROT13","hmac":"","cipheroptions":{}}').toString("base64");

async function sealed(): Promise<Record<string, string>> {
  const layer = sealLayer(defaultCipher, await loadRecipients([alice.encryption]), {
    bytes: chunked(plain, [7]),
    size: plain.length,
  });
  await collect(layer.bytes);
  return (await layer.annotate(digestOf(plain)))({ title: "kept" });
}

/** A keyring of one key, which fails at every wrapped key. */
function failing(code: ErrorCode): Keyring {
  const unwrap = async () => {
    throw new OciEncError(code, "it failed");
  };
  return [{ row: schemeRow("jwe"), unwrap }];
}

const opens = await loadKeyring([alice.decryption]);
const stranger = await loadKeyring([bob.decryption]);
const encrypted = { mediaType: `${tar}+encrypted`, annotations };

/** What it is, the layer, the keys, the answer, and the code of the refusal. */
const rows: readonly (readonly [string, DescribedLayer, Keyring, LayerVerdict["answer"], ErrorCode?])[] = [
  ["a plain layer", { mediaType: tar }, opens, "plain"],
  ["a plain layer, without a key", { mediaType: `${tar}+gzip`, annotations: { title: "x" } }, [], "plain"],
  ["an encrypted layer, with its key", encrypted, opens, "yes"],
  ["an encrypted layer, with another key", encrypted, stranger, "no", "KEY_MISMATCH"],
  ["an encrypted layer, without a key", encrypted, [], "no", "KEY_MISMATCH"],
  ["an encrypted layer without an envelope", { mediaType: `${tar}+encrypted` }, opens, "cannot", "CORRUPT"],
  ["public options that are missing", { ...encrypted, annotations: withoutOptions }, opens, "cannot", "CORRUPT"],
  [
    "a cipher that is unknown",
    { ...encrypted, annotations: { ...annotations, [pubopts]: unknownCipher } },
    opens,
    "cannot",
    "UNSUPPORTED",
  ],
  ["a plain type with wrapped keys", { mediaType: tar, annotations }, opens, "cannot", "CORRUPT"],
  ["encrypted twice", { mediaType: `${tar}+encrypted+encrypted`, annotations }, opens, "cannot", "CORRUPT"],
  ["a provider that fails", encrypted, failing("KEY_PROVIDER"), "cannot", "KEY_PROVIDER"],
];

for (const [what, layer, keyring, answer, code] of rows) {
  test(`${what}: ${answer}${code === undefined ? "" : `, ${code}`}`, async () => {
    const verdict = await accessTo(layer, keyring);
    const decrypts = answer === "plain" ? undefined : answer === "yes";
    assert.deepEqual({ ...verdict, refusal: verdict.refusal?.code }, { answer, decrypts, refusal: code });
    const whole = await checkLayerAccess(layer, keyring);
    assert.equal(whole.kind, answer);
    if (whole.kind === "yes") assert.equal(whole.unwrapped.options.private.digest, digestOf(plain));
  });
}

test("an interruption, and what is a bug, are not answers", async () => {
  await assert.rejects(checkLayerAccess(encrypted, failing("ABORTED")), expectedError("ABORTED"));
  const unwrap = async () => {
    throw new TypeError("a bug");
  };
  await assert.rejects(checkLayerAccess(encrypted, [{ row: schemeRow("jwe"), unwrap }]), TypeError);
});

test("of several refusals a provider's counts first, then what is broken, then the first", () => {
  const refused = (code: ErrorCode | undefined): LayerVerdict => {
    const refusal = code && new OciEncError(code, code);
    return { answer: code === "KEY_MISMATCH" ? "no" : "cannot", decrypts: false, refusal };
  };
  for (const [codes, deciding] of [
    [[], undefined],
    [[undefined, undefined], undefined],
    [[undefined, "KEY_MISMATCH"], "KEY_MISMATCH"],
    [["KEY_MISMATCH", "CORRUPT", "UNSUPPORTED"], "CORRUPT"],
    [["KEY_MISMATCH", "CORRUPT", "KEY_PROVIDER"], "KEY_PROVIDER"],
  ] as const) {
    assert.equal(decidingRefusal(codes.map(refused))?.code, deciding);
  }
});
