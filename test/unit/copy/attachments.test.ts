import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { type CopyOptions, copy } from "../../../src/copy/copy.js";
import { type ErrorCode, OciEncError } from "../../../src/errors.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-type.js";
import type { ProgressEvent, WarningCode } from "../../../src/progress.js";
import { decryptLayers } from "../../../src/transform/decrypt.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import { digestTagName } from "../../../src/transport/attachments.js";
import type { ImageSource, ImageTarget } from "../../../src/transport/transport.js";
import { expectedError } from "../../support/expected-error.js";
import { AttachedPlace } from "../../support/images/attached-place.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { decryptionKey, ecPair, encryptionKey } from "../../support/keys/key-pair.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
const pair = ecPair();

/** An image of two platforms with everything that can belong to one, on every level. */
function furnished() {
  const place = new AttachedPlace();
  const child = (architecture: string): Descriptor => ({
    ...addImage(place, {
      layers: [{ mediaType: tar, bytes: randomBytes(100) }],
      platform: { os: "linux", architecture },
    }),
    platform: { os: "linux", architecture },
  });
  const manifests = [child("amd64"), child("arm64")];
  const root = place.add(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  place.names.set("app", root);
  const referrer = place.refer(root, "sbom");
  const nested = place.refer(referrer, "about the sbom", bundle);
  const signature = place.refer(root, "bundle", bundle);
  const [amd64] = manifests;
  assert.ok(amd64);
  place.sign(root.digest, ["one", "two"]);
  place.sign(root.digest, ["attested"], "att");
  place.sign(root.digest, ["listed"], "sbom");
  const tag = place.sign(amd64.digest, ["three"]);
  const ofInstance = place.refer(amd64, "sbom of amd64");
  place.messages.set(root.digest, [Buffer.from("message")]);
  return { place, root, amd64, referrer, nested, signature, tag, ofInstance };
}

interface Outcome {
  readonly target: AttachedPlace;
  readonly warnings: readonly string[];
}

async function copied(from: AttachedPlace, options: CopyOptions = {}, to?: ImageTarget): Promise<Outcome> {
  const target = new AttachedPlace("memory:b");
  const warnings: string[] = [];
  const progress = (event: ProgressEvent) => {
    if (event.type === "warning") warnings.push(`${event.code} ${event.message}`);
  };
  await copy(from.source("app"), to ?? target.target("app"), { ...options, progress });
  return { target, warnings };
}

function said(code: WarningCode, { warnings }: Outcome): readonly string[] {
  return warnings.filter((warning) => warning.startsWith(`${code} `));
}

test("requirement: moving between repositories takes along everything that belongs to an image and its instances", async () => {
  const { place, root, amd64, referrer, nested, signature, tag, ofInstance } = furnished();
  const { target, warnings } = await copied(place);
  assert.deepEqual(
    target.lists.get(root.digest)?.map(({ digest }) => digest),
    [referrer.digest, signature.digest],
  );
  assert.deepEqual(target.lists.get(root.digest)?.[0]?.artifactType, "example/artifact");
  assert.equal(target.lists.get(referrer.digest)?.[0]?.digest, nested.digest);
  assert.equal(target.lists.get(amd64.digest)?.[0]?.digest, ofInstance.digest);
  assert.deepEqual(target.tags, place.tags);
  assert.ok(target.blobs.has(tag.digest));
  assert.deepEqual(target.messages, place.messages);
  for (const digest of place.blobs.keys()) assert.ok(target.blobs.has(digest), digest);
  assert.deepEqual(warnings, []);
});

test("what belongs to an image is put after its manifests and before its reference moves", async () => {
  const { place, root, amd64 } = furnished();
  const { log } = (await copied(place)).target;
  const attached = log.flatMap((line, index) => (/^(?:referrer|sig|att|sbom|message) /.test(line) ? [index] : []));
  assert.equal(attached.length, 9);
  assert.ok(Math.min(...attached) > log.indexOf(`manifest ${amd64.digest}`));
  assert.ok(Math.max(...attached) < log.indexOf(`commit ${root.digest}`));
});

test("without referrers nothing is taken, with signatures only nothing else, and without signatures the rest", async () => {
  const { place, root, referrer, signature, amd64 } = furnished();
  const none = await copied(place, { referrers: false });
  assert.deepEqual([none.target.lists.size, none.target.tags.size, none.target.messages.size], [0, 0, 0]);

  const signatures = await copied(place, { signaturesOnly: true });
  assert.deepEqual(
    signatures.target.lists.get(root.digest)?.map(({ digest }) => digest),
    [signature.digest],
  );
  assert.deepEqual([...signatures.target.tags.keys()].toSorted(), [
    ...[digestTagName(root.digest, "sig"), digestTagName(amd64.digest, "sig")].toSorted(),
  ]);
  assert.equal(signatures.target.messages.size, 1);

  const others = await copied(place, { removeSignatures: true });
  assert.deepEqual(
    others.target.lists.get(root.digest)?.map(({ digest }) => digest),
    [referrer.digest],
  );
  assert.deepEqual(
    [...others.target.tags.keys()],
    [digestTagName(root.digest, "att"), digestTagName(root.digest, "sbom")],
  );
  assert.equal(others.target.messages.size, 0);
});

test("abuse: a bundle of an attestation is not a signature, whatever its list entry says", async () => {
  const place = new AttachedPlace();
  const root = addImage(place, { layers: [] });
  place.names.set("app", root);
  const annotations = { "dev.sigstore.bundle.predicateType": "https://spdx.dev/Document" };
  place.refer(root, "attestation", bundle, { annotations });
  const empty = "application/vnd.oci.empty.v1+json";
  const real = place.artifact(root, "signature", bundle, { artifactType: undefined });
  place.list(root.digest, { ...real, artifactType: empty });
  const { target } = await copied(place, { signaturesOnly: true });
  assert.deepEqual(
    target.lists.get(root.digest)?.map(({ digest }) => digest),
    [real.digest],
  );
});

test("abuse: referrers that refer to each other, and a list that lists itself or the image, end", async () => {
  const place = new AttachedPlace();
  const root = addImage(place, { layers: [] });
  place.names.set("app", root);
  const one = place.refer(root, "one");
  const two = place.refer(one, "two");
  place.list(two.digest, one);
  place.list(root.digest, root);
  place.list(root.digest, one);
  const list = place.add(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [one] });
  place.list(root.digest, list);
  const { target } = await copied(place);
  assert.deepEqual([...target.lists].map(([subject, all]) => [subject, all.map(({ digest }) => digest)]).toSorted(), [
    ...[
      [root.digest, [one.digest]],
      [one.digest, [two.digest]],
    ].toSorted(),
  ]);
});

test("abuse: a referrer whose subject names another digest is not taken along", async () => {
  const place = new AttachedPlace();
  const root = addImage(place, { layers: [] });
  place.names.set("app", root);
  const other = addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(10) }] });
  place.list(root.digest, place.artifact(other, "about another"));
  const { target } = await copied(place);
  assert.equal(target.lists.size, 0);
});

test("abuse: of referrers without end a thousand are taken, and that there are more is said once", async () => {
  const place = new AttachedPlace();
  const root = addImage(place, { layers: [] });
  place.names.set("app", root);
  for (let index = 0; index < 1_010; index += 1) place.refer(root, `number ${index}`);
  const outcome = await copied(place);
  assert.equal(outcome.target.lists.get(root.digest)?.length, 1_000);
  assert.equal(said("ATTACHMENT_DROPPED", outcome).length, 1);
});

test("abuse: what stands under a digest tag and is not a manifest is left out with a warning", async () => {
  for (const content of ["garbage", { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }]) {
    const place = new AttachedPlace();
    const root = addImage(place, { layers: [] });
    place.names.set("app", root);
    const type = typeof content === "string" ? mediaTypes.ociManifest : mediaTypes.ociIndex;
    place.tags.set(digestTagName(root.digest, "sig"), place.add(type, content));
    const outcome = await copied(place);
    assert.equal(outcome.target.tags.size, 0);
    assert.equal(said("ATTACHMENT_DROPPED", outcome).length, 1);
  }
});

test("a referrer that is listed and not there is left out with a warning", async () => {
  const place = new AttachedPlace();
  const root = addImage(place, { layers: [] });
  place.names.set("app", root);
  const gone = Buffer.from("gone");
  place.list(root.digest, { mediaType: mediaTypes.ociManifest, digest: digestOf(gone), size: gone.length });
  const there = place.refer(root, "there");
  const outcome = await copied(place);
  assert.equal(outcome.target.lists.get(root.digest)?.[0]?.digest, there.digest);
  assert.match(said("ATTACHMENT_DROPPED", outcome)[0] ?? "", /left out: no blob/);
});

test("a transform leaves the signatures where they are, says how many, and attaches none of them to the new image", async () => {
  const { place, root } = furnished();
  const keys = [encryptionKey(pair.publicKey)];
  const outcome = await copied(place, { transform: await encryptLayers({ keys }) });
  assert.deepEqual([outcome.target.lists.size, outcome.target.tags.size, outcome.target.messages.size], [0, 0, 0]);
  // Of the index: two layers, a bundle, a message. Of one instance: a layer.
  const [said1, ...more] = said("SIGNATURES_STRANDED", outcome);
  assert.match(said1 ?? "", /5 signatures and 4 other attachments of sha256:/);
  assert.ok(said1?.includes(root.digest));
  assert.deepEqual(more, []);
  for (const options of [{ referrers: false }, { removeSignatures: true }]) {
    const quiet = await copied(place, { ...options, transform: await encryptLayers({ keys }) });
    assert.deepEqual(quiet.warnings, []);
  }
});

test("of an index of which one platform is encrypted, the other keeps what belongs to it", async () => {
  const { place, amd64, ofInstance } = furnished();
  const transform = await encryptLayers({ keys: [encryptionKey(pair.publicKey)] });
  const { target } = await copied(place, { transform, platforms: [{ os: "linux", architecture: "arm64" }] });
  assert.deepEqual([...target.lists.keys()], [amd64.digest]);
  assert.equal(target.lists.get(amd64.digest)?.[0]?.digest, ofInstance.digest);
  assert.deepEqual([...target.tags.keys()], [digestTagName(amd64.digest, "sig")]);
});

test("plain signatures that are kept beside the encrypted image hold again when it is decrypted", async () => {
  const { place, root, referrer } = furnished();
  const keys = [encryptionKey(pair.publicKey)];
  const kept = { keepPlainSignatures: true, transform: await encryptLayers({ keys }) };
  const sealed = await copied(place, kept);
  assert.deepEqual(sealed.warnings, []);
  assert.equal(sealed.target.lists.get(root.digest)?.[0]?.digest, referrer.digest);
  assert.deepEqual(sealed.target.tags, place.tags);

  const opened = new AttachedPlace("memory:c");
  const transform = await decryptLayers({ keys: [decryptionKey(pair.privateKey)] });
  const report = await copy(sealed.target.source("app"), opened.target("app"), { transform });
  assert.equal(report.digest, root.digest);
  assert.deepEqual(opened.tags, place.tags);
  assert.deepEqual(opened.messages, place.messages);
  assert.equal(opened.lists.get(root.digest)?.length, 2);
});

test("a target without a place for attachments is warned about with their number", async () => {
  const { place } = furnished();
  const outcome = await copied(place, {}, new MemoryPlace("memory:c").target("app"));
  const [only, ...more] = said("ATTACHMENT_DROPPED", outcome);
  assert.match(only ?? "", /app has no place for 6 signatures and 4 other attachments/);
  assert.deepEqual(more, []);
});

test("a target that refuses attached images is asked before a byte moves, and takes them without signatures", async () => {
  const { place } = furnished();
  const c = new MemoryPlace("memory:c");
  const strict: ImageTarget = Object.assign(c.target("app"), {
    refuses: (_root: Descriptor, { attached }: { attached: boolean }) => (attached ? "no signatures here" : undefined),
  });
  await assert.rejects(copied(place, {}, strict), expectedError("UNSUPPORTED", /no signatures here/));
  assert.deepEqual(c.log, []);
  await copied(place, { removeSignatures: true }, strict);
  assert.ok(c.names.has("app"));
});

test("at one place nothing is carried, and a source that knows of no attachments is not asked", async () => {
  const { place, root } = furnished();
  await copy(place.source("app"), place.target("again"));
  assert.deepEqual(place.log, [`commit ${root.digest}`]);
  const plain: ImageSource = new MemoryPlace("memory:c").source("app");
  await assert.rejects(copy(plain, new AttachedPlace("memory:d").target("app")), expectedError("NOT_FOUND"));
});

/** The same place, which does not tell one of three things, and how often it was asked. */
function silent(place: AttachedPlace, about: "referrers" | "digestTag" | "simpleSignatures", code: ErrorCode) {
  let asked = 0;
  const refuse = async () => {
    asked += 1;
    throw new OciEncError(code, "not for you");
  };
  return { source: Object.assign(place.source("app"), { [about]: refuse }), asked: () => asked };
}

for (const about of ["referrers", "digestTag", "simpleSignatures"] as const) {
  test(`where a source does not tell ${about}, the image comes with the rest and one warning`, async () => {
    // An answer that holds the signatures themselves, and is damaged, is refused.
    const untold = about === "simpleSignatures" ? [] : (["UNSUPPORTED", "CORRUPT"] as const);
    for (const code of ["DENIED", "UNAVAILABLE", "NOT_FOUND", ...untold] as const) {
      const { place, root } = furnished();
      const { source, asked } = silent(place, about, code);
      const warnings: string[] = [];
      const progress = (event: ProgressEvent) => {
        if (event.type === "warning") warnings.push(`${event.code} ${event.message}`);
      };
      const target = new AttachedPlace("memory:b");
      const report = await copy(source, target.target("app"), { jobs: 1, progress });
      assert.equal(report.digest, root.digest);
      for (const warning of warnings) {
        assert.match(warning, /^ATTACHMENT_DROPPED .*stays behind.*does not tell: not for you.*--referrers=false/);
      }
      // Who lets nobody ask, or cannot answer, is asked once; what is missing of one manifest may be there of another.
      const once = code === "DENIED" || code === "UNAVAILABLE" || code === "UNSUPPORTED";
      assert.equal(asked() === 1, once, code);
      assert.equal(warnings.length, asked(), code);
      assert.equal(target.lists.size > 0, about !== "referrers");
      assert.equal(target.tags.size > 0, about !== "digestTag");
      assert.equal(target.messages.size > 0, about !== "simpleSignatures");
    }
  });
}

test("a source that does not tell fails a copy which asked for referrers, with the way to do without", async () => {
  const { source } = silent(furnished().place, "referrers", "DENIED");
  await assert.rejects(copy(source, new AttachedPlace("memory:b").target("app"), { referrers: true }), (error) => {
    assert.ok(expectedError("DENIED", /not for you/)(error));
    assert.match(String(Reflect.get(Object(error), "hint")), /--referrers=false/);
    return true;
  });
});

test("a hint of the source is kept beside the way to do without", async () => {
  for (const [hint, expected] of [
    [undefined, "--referrers=false copies the image without what belongs to it"],
    ["log in", "log in; or --referrers=false copies the image without what belongs to it"],
  ] as const) {
    const { place } = furnished();
    const refuse = async () => {
      throw new OciEncError("DENIED", "not for you", { hint });
    };
    const source = Object.assign(place.source("app"), { referrers: refuse });
    await assert.rejects(copy(source, new AttachedPlace("memory:b").target("app"), { referrers: true }), (error) => {
      assert.ok(error instanceof OciEncError);
      assert.deepEqual([error.code, error.hint], ["DENIED", expected]);
      return true;
    });
  }
});

test("of what was asked for, a referrer that cannot be read fails the copy where the source is closed, and is else left out", async () => {
  for (const [code, fails] of [
    ["DENIED", true],
    ["UNAVAILABLE", true],
    ["NOT_FOUND", false],
    ["CORRUPT", false],
    ["UNSUPPORTED", false],
    ["LOCAL_IO", true],
  ] as const) {
    for (const referrers of [true, undefined]) {
      const { place, referrer, signature, root } = furnished();
      const source = place.source("app");
      const read = source.manifest.bind(source);
      source.manifest = async (descriptor) => {
        if (descriptor.digest === referrer.digest) throw new OciEncError(code, "not for you");
        return await read(descriptor);
      };
      const target = new AttachedPlace("memory:b");
      const said: string[] = [];
      const progress = (event: ProgressEvent) => void (event.type === "warning" && said.push(event.code));
      const copying = copy(source, target.target("app"), { referrers, progress });
      if (fails && (referrers || code === "LOCAL_IO")) {
        await assert.rejects(copying, expectedError(code, /not for you/));
        assert.equal(target.names.has("app"), false);
        continue;
      }
      await copying;
      assert.deepEqual(said, ["ATTACHMENT_DROPPED"]);
      assert.deepEqual(
        target.lists.get(root.digest)?.map(({ digest }) => digest),
        [signature.digest],
      );
    }
  }
});

test("what is wrong at this end is not an answer of the source, and fails the copy", async () => {
  const { source } = silent(furnished().place, "simpleSignatures", "LOCAL_IO");
  await assert.rejects(copy(source, new AttachedPlace("memory:b").target("app")), expectedError("LOCAL_IO"));
});
