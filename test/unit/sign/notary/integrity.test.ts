import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode, Tagged } from "cborg";
import { type ErrorCode, OciEncError } from "../../../../src/errors.js";
import { checkIntegrity } from "../../../../src/sign/notary/integrity.js";
import type { Signature } from "../../../../src/sign/signature.js";
import { vectorChain } from "../../../support/certificates/signing-chain.js";
import { expectedError } from "../../../support/expected-error.js";
import {
  asSignature,
  coseHeaders,
  handmadeCose,
  handmadeImage,
  handmadeJws,
  handmadePayload,
  jwsHeaders,
} from "../../../support/signing/handmade-envelope.js";

const scheme = "io.cncf.notary.signingScheme";
const expiry = "io.cncf.notary.expiry";
const authentic = "io.cncf.notary.authenticSigningTime";
const plugin = "io.cncf.notary.verificationPlugin";
const signingTime = "io.cncf.notary.signingTime";

type Fault = readonly [what: string, signature: () => Signature, code: ErrorCode, reason: RegExp];

function refuses([what, signature, code, reason]: Fault): void {
  test(`an envelope is refused: ${what}`, () => {
    assert.throws(() => checkIntegrity(signature(), handmadeImage), expectedError(code, reason));
  });
}

/** The same fault of the signed attributes in both envelopes. */
function signedFault(
  what: string,
  members: Record<string, unknown>,
  code: ErrorCode,
  reason: RegExp,
): readonly Fault[] {
  const labels: Readonly<Record<string, number>> = { alg: 1, crit: 2, cty: 3 };
  const forCose = (): Map<unknown, unknown> => {
    const headers = coseHeaders();
    for (const [name, value] of Object.entries(members)) {
      const label = labels[name] ?? name;
      if (value === undefined) headers.delete(label);
      else headers.set(label, typeof value === "string" && /^\d{4}-/.test(value) ? epoch(value) : value);
    }
    return headers;
  };
  return [
    [`JWS, ${what}`, () => handmadeJws(jwsHeaders(members)), code, reason],
    [`COSE, ${what}`, () => handmadeCose(forCose()), code, reason],
  ];
}

function epoch(time: string): Tagged {
  return new Tagged(1, new Date(time).getTime() / 1000);
}

const signedFaults: readonly (readonly Fault[])[] = [
  signedFault(
    "an unknown critical attribute",
    { crit: [scheme, "x.y"], "x.y": "1" },
    "UNSUPPORTED",
    /"x.y" is not known/,
  ),
  signedFault("an unknown critical attribute that is not there", { crit: [scheme, "x.y"] }, "UNSUPPORTED", /"x.y"/),
  signedFault("a critical attribute that is not there", { crit: [scheme, expiry] }, "CORRUPT", /not there/),
  signedFault("a critical attribute twice", { crit: [scheme, scheme] }, "CORRUPT", /twice/),
  signedFault("nothing critical", { crit: [] }, "CORRUPT", /signingScheme" is not marked as critical/),
  signedFault("no list of critical ones", { crit: undefined }, "CORRUPT", /crit/),
  signedFault("a list of critical ones that is not a list", { crit: scheme }, "CORRUPT", /crit/),
  signedFault("no scheme", { [scheme]: undefined }, "CORRUPT", /signingScheme/),
  signedFault("a scheme that is not known", { [scheme]: "notary.magic" }, "UNSUPPORTED", /notary.magic/),
  signedFault("no signing time", { [signingTime]: undefined }, "CORRUPT", /no signing time/),
  signedFault(
    "an authentic signing time without an authority",
    { crit: [scheme, authentic], [authentic]: "2026-01-02T03:04:05Z" },
    "CORRUPT",
    /does not belong/,
  ),
  signedFault(
    "an authority without an authentic signing time",
    { [scheme]: "notary.x509.signingAuthority", [signingTime]: undefined },
    "CORRUPT",
    /no signing time/,
  ),
  signedFault(
    "an authentic signing time that is not critical",
    { [scheme]: "notary.x509.signingAuthority", [signingTime]: undefined, [authentic]: "2026-01-02T03:04:05Z" },
    "CORRUPT",
    /authenticSigningTime" is not marked/,
  ),
  signedFault(
    "an expiry that is not critical",
    { [expiry]: "2030-01-01T00:00:00Z" },
    "CORRUPT",
    /expiry" is not marked/,
  ),
  signedFault(
    "an expiry before the signing",
    { crit: [scheme, expiry], [expiry]: "2026-01-02T03:04:05Z" },
    "CORRUPT",
    /expires no later/,
  ),
  signedFault("a plugin", { crit: [scheme, plugin], [plugin]: "com.example" }, "UNSUPPORTED", /verification plugin/),
  signedFault("a plugin that is not even critical", { [plugin]: "com.example" }, "UNSUPPORTED", /verification plugin/),
  signedFault("another content type", { cty: "application/json" }, "CORRUPT", /"application\/json"/),
  signedFault("no content type", { cty: undefined }, "CORRUPT", /./),
];
signedFaults.flat().forEach(refuses);

const chain = vectorChain("ec256");
const good = handmadeJws(jwsHeaders());
const parsed: Record<string, unknown> = JSON.parse(Buffer.from(good.content).toString("utf8"));
const edited = (members: object): Signature =>
  asSignature("jws", Buffer.from(JSON.stringify({ ...parsed, ...members })));
const text = (edit: (json: string) => string): Signature =>
  asSignature("jws", Buffer.from(edit(Buffer.from(good.content).toString("utf8"))));

const jwsFaults: readonly Fault[] = [
  ["JWS, the name of another algorithm", () => handmadeJws(jwsHeaders({ alg: "ES384" })), "UNTRUSTED", /ES256/],
  ["JWS, no algorithm", () => handmadeJws(jwsHeaders({ alg: undefined })), "CORRUPT", /"alg"/],
  ["JWS, alg none", () => handmadeJws(jwsHeaders({ alg: "none" })), "UNTRUSTED", /ES256/],
  ["JWS, HMAC", () => handmadeJws(jwsHeaders({ alg: "HS256" })), "UNTRUSTED", /ES256/],
  ["JWS, an empty signature", () => edited({ signature: "" }), "UNTRUSTED", /not by/],
  [
    "JWS, a signature in DER",
    () => edited({ signature: Buffer.from("300602010102010100", "hex").toString("base64url") }),
    "UNTRUSTED",
    /not by/,
  ],
  ["JWS, a member that is not known", () => edited({ signatures: [] }), "CORRUPT", /a member that is not known here/],
  ["JWS, no header", () => edited({ header: undefined }), "CORRUPT", /header/],
  ["JWS, no certificates", () => edited({ header: {} }), "CORRUPT", /x5c/],
  ["JWS, certificates in the URL's base64", () => edited({ header: { x5c: ["MII_"] } }), "CORRUPT", /not base64/],
  ["JWS, padded base64url", () => edited({ payload: `${parsed["payload"]}=` }), "CORRUPT", /not base64url/],
  ["JWS, a payload that is not a string", () => edited({ payload: {} }), "CORRUPT", /payload/],
  ["JWS, a member twice", () => text((json) => json.replace("{", '{"payload":"",')), "CORRUPT", /twice/],
  ["JWS, a byte order mark", () => text((json) => `\uFEFF${json}`), "CORRUPT", /JSON/],
  ["JWS, something behind it", () => text((json) => `${json}{}`), "CORRUPT", /text after/],
  ["JWS, an array", () => text((json) => `[${json}]`), "CORRUPT", /not an object/],
  ["JWS, nested 10 000 deep", () => text(() => "[".repeat(10_000)), "CORRUPT", /nested/],
  ["JWS, nothing", () => text(() => ""), "CORRUPT", /JSON/],
  ["JWS, 5 MiB", () => text((json) => json + " ".repeat(5 * 1024 * 1024)), "CORRUPT", /limit/],
  [
    "JWS, the compact form",
    () => text(() => `${parsed["protected"]}.${parsed["payload"]}.${parsed["signature"]}`),
    "CORRUPT",
    /JSON/,
  ],
  [
    "JWS, an attribute signed and unsigned",
    () => handmadeJws(jwsHeaders(), { unsigned: { crit: [] } }),
    "CORRUPT",
    /signed and unsigned/,
  ],
  [
    "JWS, signed attributes twice",
    () => handmadeJws(JSON.stringify(jwsHeaders()).replace("{", '{"alg":"ES256",')),
    "CORRUPT",
    /twice/,
  ],
  ["JWS, signed attributes that are not an object", () => handmadeJws("[]"), "CORRUPT", /not an object/],
  [
    "JWS, a registered name as critical",
    () => handmadeJws(jwsHeaders({ crit: [scheme, "alg"] })),
    "UNSUPPORTED",
    /"alg"/,
  ],
  [
    "JWS, an unencoded payload by b64",
    () => handmadeJws(jwsHeaders({ crit: [scheme, "b64"], b64: false })),
    "UNSUPPORTED",
    /"b64"/,
  ],
  ...[
    "2026-01-02",
    "2026-01-02T03:04:05.Z",
    "2026-01-02T03:04:05",
    "2026-02-30T00:00:00Z",
    "1767323045",
    "2026-13-02T03:04:05Z",
  ].map(
    (time): Fault => [
      `JWS, the time ${time}`,
      () => handmadeJws(jwsHeaders({ [signingTime]: time })),
      "CORRUPT",
      /RFC 3339/,
    ],
  ),
  [
    "JWS, a time that is a number",
    () => handmadeJws(jwsHeaders({ [signingTime]: 1767323045 })),
    "CORRUPT",
    /not a string/,
  ],
];
jwsFaults.forEach(refuses);

const cose = handmadeCose(coseHeaders()).content;
const parts: unknown = decode(cose, { useMaps: true, tags: Tagged.preserve(1, 18) });
const [signed, unsigned, content, signature] = parts instanceof Tagged ? parts.value : [];
const message = (tag: number, ...values: readonly unknown[]): Signature =>
  asSignature("cose", encode(new Tagged(tag, values)));
const withHeader = (label: unknown, value: unknown): Signature => handmadeCose(coseHeaders().set(label, value));

const coseFaults: readonly Fault[] = [
  ["COSE, the label of another algorithm", () => withHeader(1, -35), "UNTRUSTED", /ES256/],
  [
    "COSE, no algorithm",
    () => handmadeCose(new Map([...coseHeaders()].filter(([label]) => label !== 1))),
    "UNTRUSTED",
    /ES256/,
  ],
  [
    "COSE, no tag",
    () => asSignature("cose", encode([signed, unsigned, content, signature])),
    "CORRUPT",
    /not a tagged/,
  ],
  ["COSE, another tag", () => message(98, signed, unsigned, content, signature), "CORRUPT", /strict CBOR/],
  ["COSE, the tag of times", () => message(1, signed, unsigned, content, signature), "CORRUPT", /not a tagged/],
  ["COSE, three parts", () => message(18, signed, unsigned, content), "CORRUPT", /3 parts/],
  ["COSE, five parts", () => message(18, signed, unsigned, content, signature, content), "CORRUPT", /5 parts/],
  ["COSE, a detached payload", () => message(18, signed, unsigned, null, signature), "CORRUPT", /payload/],
  ["COSE, an empty signature", () => message(18, signed, unsigned, content, new Uint8Array()), "UNTRUSTED", /not by/],
  ["COSE, no certificates", () => message(18, signed, new Map(), content, signature), "CORRUPT", /certificates/],
  [
    "COSE, one certificate outside of an array",
    () => message(18, signed, new Map([[33, chain.certificates[0]]]), content, signature),
    "CORRUPT",
    /certificates/,
  ],
  [
    "COSE, an empty list of certificates",
    () => message(18, signed, new Map([[33, []]]), content, signature),
    "UNTRUSTED",
    /empty/,
  ],
  ["COSE, bytes behind it", () => asSignature("cose", Buffer.concat([cose, Buffer.of(0)])), "CORRUPT", /strict CBOR/],
  ["COSE, cut off", () => asSignature("cose", cose.subarray(0, -1)), "CORRUPT", /strict CBOR/],
  [
    "COSE, an indefinite length",
    () => asSignature("cose", Buffer.concat([Buffer.of(0xd2, 0x9f), cose.subarray(2), Buffer.of(0xff)])),
    "CORRUPT",
    /strict CBOR/,
  ],
  [
    "COSE, a length that is not the shortest",
    () => asSignature("cose", Buffer.concat([Buffer.of(0xd2, 0x98, 0x04), cose.subarray(2)])),
    "CORRUPT",
    /strict CBOR/,
  ],
  [
    "COSE, nested 100 000 deep",
    () => asSignature("cose", Buffer.concat([Buffer.of(0xd2), Buffer.alloc(100_000, 0x81)])),
    "CORRUPT",
    /strict CBOR/,
  ],
  ["COSE, nothing", () => asSignature("cose", new Uint8Array()), "CORRUPT", /strict CBOR/],
  ["COSE, signed attributes that are not a map", () => handmadeCose(encode([])), "CORRUPT", /not a map/],
  ["COSE, no signed attributes", () => handmadeCose(new Uint8Array()), "CORRUPT", /strict CBOR/],
  [
    "COSE, a label twice",
    () => handmadeCose(Buffer.concat([Buffer.of(0xa2, 0x01, 0x26, 0x01, 0x26)])),
    "CORRUPT",
    /strict CBOR/,
  ],
  ["COSE, a label that is neither number nor text", () => withHeader(true, 1), "CORRUPT", /strange label/],
  [
    "COSE, a label signed and unsigned",
    () => handmadeCose(coseHeaders(), { unsigned: new Map([[3, "x"]]) }),
    "CORRUPT",
    /signed and unsigned/,
  ],
  [
    "COSE, a critical number that is not known",
    () => handmadeCose(coseHeaders().set(4, "x").set(2, [scheme, 4])),
    "UNSUPPORTED",
    /label 4/,
  ],
  ["COSE, a time without a tag", () => withHeader(signingTime, 1_767_323_045), "CORRUPT", /whole seconds/],
  ["COSE, a time in text", () => withHeader(signingTime, "2026-01-02T03:04:05Z"), "CORRUPT", /whole seconds/],
  ["COSE, a time with a fraction", () => withHeader(signingTime, new Tagged(1, 1.5)), "CORRUPT", /whole seconds/],
  ["COSE, a time out of range", () => withHeader(signingTime, new Tagged(1, 2 ** 52)), "CORRUPT", /whole seconds/],
];
coseFaults.forEach(refuses);

const payload =
  (members: object): (() => Signature) =>
  () =>
    handmadeJws(jwsHeaders(), { payload: handmadePayload(members) });
const rawPayload =
  (json: string): (() => Signature) =>
  () =>
    handmadeJws(jwsHeaders(), { payload: Buffer.from(json) });

const payloadFaults: readonly Fault[] = [
  ["a payload about another digest", payload({ digest: `sha256:${"0".repeat(64)}` }), "UNTRUSTED", /its digest/],
  ["a payload about another size", payload({ size: 11 }), "UNTRUSTED", /its size/],
  ["a payload about another media type", payload({ mediaType: "text/plain" }), "UNTRUSTED", /its media type/],
  ["a payload without a size", payload({ size: undefined }), "CORRUPT", /no size/],
  ["a payload without a media type", payload({ mediaType: undefined }), "CORRUPT", /mediaType/],
  ["a payload with a digest that is not one", payload({ digest: 5 }), "CORRUPT", /digest/],
  ["a payload with metadata that is not an object", payload({ annotations: ["a"] }), "CORRUPT", /annotations/],
  ["a payload with metadata that is not text", payload({ annotations: { a: 1 } }), "CORRUPT", /annotation/],
  ["a payload without a target", rawPayload("{}"), "CORRUPT", /targetArtifact/],
  ["a payload that is not JSON", rawPayload("nothing"), "CORRUPT", /JSON/],
  ["a payload with its target twice", rawPayload('{"targetArtifact":{},"targetArtifact":{}}'), "CORRUPT", /twice/],
];
payloadFaults.forEach(refuses);

test("the handmade envelopes are valid before anything in them is changed", () => {
  for (const signature of [good, asSignature("cose", cose)]) {
    const { attributes, claims, timestamped } = checkIntegrity(signature, handmadeImage);
    assert.deepEqual(attributes, {
      scheme: "notary.x509",
      signedAt: new Date("2026-01-02T03:04:05Z"),
      expiry: undefined,
    });
    assert.deepEqual({ claims, timestamped }, { claims: {}, timestamped: false });
  }
});

test("a time in another zone is the same time", () => {
  const zoned = handmadeJws(jwsHeaders({ [signingTime]: "2026-01-02T05:04:05+02:00" }));
  assert.deepEqual(checkIntegrity(zoned, handmadeImage).attributes.signedAt, new Date("2026-01-02T03:04:05Z"));
});

test("an unknown attribute that is not critical is ignored in both envelopes", () => {
  checkIntegrity(handmadeJws(jwsHeaders({ "x.y": { deep: [1] } })), handmadeImage);
  checkIntegrity(handmadeCose(coseHeaders().set("x.y", [1]).set(-70_000, 1)), handmadeImage);
});

test("labels that every reader of COSE understands may be critical", () => {
  checkIntegrity(handmadeCose(coseHeaders().set(2, [1, 3, scheme])), handmadeImage);
});

test("user metadata is what the signer claims, without the reserved names", () => {
  const annotations = { build: "42", "io.cncf.notary.x": "y" };
  const signature = handmadeJws(jwsHeaders(), { payload: handmadePayload({ annotations }) });
  assert.deepEqual(checkIntegrity(signature, handmadeImage).claims, { build: "42" });
});

test("a signature is refused when any of the signed bytes was changed", () => {
  for (const name of ["payload", "protected"]) {
    const bytes = Buffer.from(String(parsed[name]), "base64url");
    bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
    const changed = edited({ [name]: bytes.toString("base64url") });
    assert.throws(
      () => checkIntegrity(changed, handmadeImage),
      expectedError("UNTRUSTED", /what it signs was changed/),
    );
  }
});

test("a chain whose leaf has another key than the signature is refused before anything signed is read", () => {
  const other = vectorChain("other");
  const mixed = handmadeJws("nonsense", { chain: { key: chain.key, certificates: other.certificates } });
  assert.throws(() => checkIntegrity(mixed, handmadeImage), expectedError("UNTRUSTED", /not by/));
});

for (const signature of [good, asSignature("cose", cose)]) {
  test(`abuse: no flipped bit of a ${signature.format} envelope changes what is accepted`, () => {
    const sound = checkIntegrity(signature, handmadeImage);
    let refusals = 0;
    for (let at = 0; at < signature.content.length; at += 5) {
      const content = Buffer.from(signature.content);
      content[at] = (content[at] ?? 0) ^ (1 << (at % 8));
      try {
        const { chain: found, attributes, claims } = checkIntegrity({ ...signature, content }, handmadeImage);
        assert.deepEqual({ attributes, claims }, { attributes: sound.attributes, claims: sound.claims });
        assert.deepEqual(
          found.certificates.map(({ encoded }) => encoded),
          sound.chain.certificates.map(({ encoded }) => encoded),
        );
      } catch (error) {
        if (!(error instanceof OciEncError)) throw error;
        refusals += 1;
      }
    }
    assert.ok(refusals > (signature.content.length / 5) * 0.9);
  });
}
