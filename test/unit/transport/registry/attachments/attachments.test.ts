import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Descriptor } from "../../../../../src/oci/descriptor.js";
import { digestOf } from "../../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../../src/oci/media-type.js";
import { digestTagName } from "../../../../../src/transport/attachments.js";
import { expectedError } from "../../../../support/expected-error.js";
import {
  type MadeAttached,
  madeReferrer,
  madeSignatures,
  openAttachable,
  openAttached,
  putBlobs,
} from "../../../../support/images/made-attachments.js";
import { hostDocument, hostImage, randomImage } from "../../../../support/registry/hosted-image.js";
import { startReferrersShim } from "../../../../support/registry/referrers-shim.js";
import { testEnvironment } from "../../../../support/registry/registry-endpoint.js";
import { type EndOptions, listening, readWhole } from "../../../../support/registry/registry-ends.js";
import { withScratch } from "../../../../support/registry/registry-files.js";
import { replyProblem, type ServerExchange } from "../../../../support/registry/request-log.js";
import { on, type StrictRegistry, startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";

/** Signs the image `app:1`, which is there. */
async function sign(host: string, attached: MadeAttached, options: EndOptions = {}): Promise<void> {
  await using target = await openAttachable(host, options);
  await using source = await openAttached(host, options);
  const root = await source.resolve();
  await putBlobs(target, attached.blobs);
  await target.putDigestTag(root.digest, "sig", attached);
  await target.commit(root, await source.manifest(root));
}

/** The payloads under the image's `.sig` tag; undefined: there is no such tag. */
async function payloads(host: string, options: EndOptions = {}): Promise<readonly string[] | undefined> {
  await using source = await openAttached(host, options);
  const { digest } = await source.resolve();
  const found = await source.digestTag(digest, "sig");
  if (!found) return undefined;
  const manifest: { layers: Descriptor[] } = JSON.parse(Buffer.from(await source.manifest(found)).toString());
  const texts: string[] = [];
  for (const layer of manifest.layers) texts.push((await readWhole(source, layer)).toString());
  return texts;
}

async function referrersOf(host: string, options: EndOptions = {}): Promise<readonly string[]> {
  await using source = await openAttached(host, options);
  return (await source.referrers((await source.resolve()).digest)).map(({ digest }) => digest);
}

/** Methods and references of the manifests that were written, and of nothing else. */
function writes(server: StrictRegistry): readonly string[] {
  return server.log
    .filter(({ method, path }) => method === "PUT" && path.includes("/manifests/"))
    .map(({ path }) => path.split("/").at(-1) ?? "");
}

describe("digest tags", () => {
  test("are found by the digest, and absent ones are undefined", async () => {
    await using server = await startStrictRegistry();
    const { root } = hostImage(server);
    assert.equal(await payloads(server.host), undefined);
    await sign(server.host, madeSignatures("one"));
    assert.deepEqual(await payloads(server.host), ["one"]);
    await using source = await openAttached(server.host);
    assert.equal(await source.digestTag(root.digest, "att"), undefined);
    assert.equal(await source.digestTag(root.digest, "sbom"), undefined);
    assert.ok(server.repository("app").tags.has(digestTagName(root.digest, "sig")));
  });

  test("layers are united with those that are there, and a signature that is there is not written again", async () => {
    await using server = await startStrictRegistry();
    hostImage(server);
    await sign(server.host, madeSignatures("one"));
    await sign(server.host, madeSignatures("two", "one"));
    assert.deepEqual(await payloads(server.host), ["one", "two"]);
    const before = writes(server).length;
    await sign(server.host, madeSignatures("two"));
    assert.equal(writes(server).length, before);
  });

  test("what is put for one tag in several pieces is written in one", async () => {
    await using server = await startStrictRegistry();
    const { root, place } = hostImage(server);
    const pieces = [madeSignatures("one"), madeSignatures("two"), madeSignatures("one")];
    await using target = await openAttachable(server.host);
    for (const piece of pieces) {
      await putBlobs(target, piece.blobs);
      await target.putDigestTag(root.digest, "sig", piece);
    }
    await target.commit(root, place.content(root.digest));
    assert.deepEqual(await payloads(server.host), ["one", "two"]);
    assert.equal(writes(server).filter((reference) => reference.endsWith(".sig")).length, 1);
  });

  test("a Docker manifest under the tag is read and added to as it is", async () => {
    await using server = await startStrictRegistry();
    const { root } = hostImage(server);
    await sign(server.host, madeSignatures("one"));
    const tag = digestTagName(root.digest, "sig");
    const repository = server.repository("app");
    const stored = repository.manifests.get(repository.tags.get(tag) ?? "");
    const docker = stored?.bytes.toString().replace(mediaTypes.ociManifest, mediaTypes.dockerManifest) ?? "";
    hostDocument(server, tag, docker, mediaTypes.dockerManifest);
    await sign(server.host, madeSignatures("two"));
    assert.deepEqual(await payloads(server.host), ["one", "two"]);
    assert.equal(repository.manifests.get(repository.tags.get(tag) ?? "")?.type, mediaTypes.dockerManifest);
  });

  test("abuse: an index, garbage and 10 000 layers under the tag are no signatures, are told of, and are never overwritten", async () => {
    await using server = await startStrictRegistry();
    const { root } = hostImage(server);
    const tag = digestTagName(root.digest, "sig");
    const { descriptor } = madeSignatures("one");
    const layers = Array.from({ length: 10_000 }, () => descriptor);
    const many = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: descriptor, layers };
    for (const [document, type] of [
      [{ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }, mediaTypes.ociIndex],
      ["garbage", mediaTypes.ociManifest],
      ["x".repeat(5_000_000), mediaTypes.ociManifest],
      [many, mediaTypes.ociManifest],
    ] as const) {
      const there = hostDocument(server, tag, document, type);
      await assert.rejects(
        payloads(server.host),
        expectedError("CORRUPT", /the tag sha256-.*\.sig of .* names .*, not attachments/),
      );
      await assert.rejects(sign(server.host, madeSignatures("one")), expectedError("CONFLICT", /stays as it is/));
      assert.equal(server.repository("app").tags.get(tag), there.digest);
    }
  });

  test("COSIGN_REPOSITORY moves them to another repository, with their blobs, and nowhere else are they looked for", async () => {
    await using server = await startStrictRegistry();
    const { root } = hostImage(server);
    const environment = testEnvironment({ variables: { COSIGN_REPOSITORY: `${server.host}/signatures/all` } });
    const tag = digestTagName(root.digest, "sig");
    await sign(server.host, madeSignatures("one"), { environment });
    await sign(server.host, madeSignatures("two"), { environment });
    assert.equal(server.repository("app").tags.has(tag), false);
    assert.equal(server.repository("signatures/all").tags.has(tag), true);
    assert.deepEqual(await payloads(server.host, { environment }), ["one", "two"]);
    assert.equal(await payloads(server.host), undefined);
    const wrong = testEnvironment({ variables: { COSIGN_REPOSITORY: "No Repository" } });
    await assert.rejects(payloads(server.host, { environment: wrong }), expectedError("USAGE", /No Repository/));
  });

  test("use-sigstore-attachments: false is respected for .sig, at both ends, and for nothing else", () =>
    withScratch(async (folder) => {
      await using server = await startStrictRegistry();
      const { root } = hostImage(server);
      await sign(server.host, madeSignatures("one"));
      const directory = join(folder, "registries.d");
      mkdirSync(directory);
      const options = { registry: { registriesDirectory: directory } };
      const configure = (use: boolean) =>
        writeFileSync(
          join(directory, "a.yaml"),
          JSON.stringify({ docker: { [`${server.host}/app`]: { "use-sigstore-attachments": use } } }),
        );
      configure(false);
      assert.equal(await payloads(server.host, options), undefined);
      const refusal = expectedError("UNSUPPORTED", /use-sigstore-attachments: false/);
      await assert.rejects(sign(server.host, madeSignatures("two"), options), refusal);
      await using target = await openAttachable(server.host, options);
      await target.putDigestTag(root.digest, "att", madeSignatures("three"));
      configure(true);
      assert.deepEqual(await payloads(server.host, options), ["one"]);
    }));
});

describe("the order of a commit", () => {
  test("attachments by digest, the image by digest, lists and tags of attachments, and the image's tag last", async () => {
    await using server = await startStrictRegistry({ referrersApi: false });
    const { place, root } = randomImage([10]);
    const attached = madeSignatures("one");
    const referrer = madeReferrer(root, "a/b");
    await using target = await openAttachable(server.host);
    await putBlobs(target, [...place.blobs.values(), ...attached.blobs, ...referrer.blobs]);
    await target.putReferrer(root.digest, referrer.descriptor, referrer.bytes);
    await target.putDigestTag(root.digest, "sig", attached);
    assert.deepEqual(writes(server), []);
    await target.commit(root, place.content(root.digest));
    assert.deepEqual(writes(server), [
      referrer.descriptor.digest,
      attached.descriptor.digest,
      root.digest,
      root.digest.replace(":", "-"),
      digestTagName(root.digest, "sig"),
      "1",
    ]);
    assert.deepEqual(await referrersOf(server.host), [referrer.descriptor.digest]);
  });

  test("requirement: an image that is under its tag already is not written again when it is signed", async () => {
    await using server = await startStrictRegistry();
    const { root } = hostImage(server);
    await sign(server.host, madeSignatures("one"));
    assert.equal(server.repository("app").tags.get("1"), root.digest);
    assert.equal(writes(server).includes("1") || writes(server).includes(root.digest), false);
    await using target = await openAttachable(server.host, {}, `app@${root.digest}`);
    await using source = await openAttached(server.host);
    const referrer = madeReferrer(root, "a/b");
    await putBlobs(target, referrer.blobs);
    await target.putReferrer(root.digest, referrer.descriptor, referrer.bytes);
    await target.commit(root, await source.manifest(root));
    assert.equal(writes(server).includes("1") || writes(server).includes(root.digest), false);
    assert.deepEqual(await referrersOf(server.host), [referrer.descriptor.digest]);
  });

  test("a tag that moved meanwhile is a CONFLICT before any attachment shows", async () => {
    await using server = await startStrictRegistry();
    hostImage(server);
    const { place, root } = randomImage([10]);
    const attached = madeSignatures("one");
    await using target = await openAttachable(server.host);
    await putBlobs(target, [...place.blobs.values(), ...attached.blobs]);
    await target.putDigestTag(root.digest, "sig", attached);
    hostImage(server);
    await assert.rejects(target.commit(root, place.content(root.digest)), expectedError("CONFLICT", /moved meanwhile/));
    assert.deepEqual(writes(server), []);
  });

  test("requirement: one who may only pull is DENIED when it comes to writing, and nothing has changed", async () => {
    await using server = await startStrictRegistry();
    const { root } = hostImage(server);
    const refuse = on("PUT", /./);
    const attached = madeSignatures("one");
    for (const blob of [...attached.blobs, attached.config])
      server.repository("app").blobs.set(digestOf(blob), Buffer.from(blob));
    server.inject(refuse, (exchange) => replyProblem(exchange, 403, "DENIED"));
    await using target = await openAttachable(server.host);
    await using source = await openAttached(server.host);
    await target.putDigestTag(root.digest, "sig", attached);
    const committing = target.commit(root, await source.manifest(root));
    await assert.rejects(committing, expectedError("DENIED", /cannot store the manifest/));
    assert.equal(server.repository("app").tags.size, 1);
  });
});

describe("lists of referrers", () => {
  test("where the registry lists them itself there is no fallback tag", async () => {
    await using server = await startStrictRegistry();
    const { root, place } = hostImage(server);
    const referrer = madeReferrer(root, "a/b");
    await using target = await openAttachable(server.host);
    await putBlobs(target, referrer.blobs);
    await target.putReferrer(root.digest, referrer.descriptor, referrer.bytes);
    await target.commit(root, place.content(root.digest));
    assert.deepEqual(await referrersOf(server.host), [referrer.descriptor.digest]);
    assert.deepEqual([...server.repository("app").tags.keys()], ["1"]);
  });

  test("an artifact that has a subject is listed before its tag names it", async () => {
    await using server = await startStrictRegistry({ referrersApi: false });
    const { root } = hostImage(server);
    const artifact = madeReferrer(root, "a/b");
    await using target = await openAttachable(server.host, {}, "app:artifact");
    await putBlobs(target, artifact.blobs);
    await target.commit(artifact.descriptor, artifact.bytes);
    const list = root.digest.replace(":", "-");
    assert.deepEqual(writes(server), [artifact.descriptor.digest, list, "artifact"]);
    assert.deepEqual(await referrersOf(server.host), [artifact.descriptor.digest]);
  });

  test("are picked by their type, page by page, where the registry does not pick", async () => {
    await using server = await startStrictRegistry({ referrersApi: false });
    await using shim = await startReferrersShim(server.host, { pageSize: 1, filters: false });
    const { root, place } = hostImage(server);
    const made = ["a/one", "a/two", "a/one"].map((type, index) => madeReferrer(root, type, `${type} ${index}`));
    await using target = await openAttachable(shim.host);
    for (const { descriptor, bytes, blobs } of made) {
      await putBlobs(target, blobs);
      await target.putReferrer(root.digest, descriptor, bytes);
    }
    await target.commit(root, place.content(root.digest));
    await using source = await openAttached(shim.host);
    const found = await source.referrers(root.digest, "a/one");
    assert.deepEqual(
      found.map(({ digest }) => digest).toSorted(),
      [0, 2].map((at) => made[at]?.descriptor.digest).toSorted(),
    );
    assert.deepEqual([...server.repository("app").tags.keys()], ["1"]);
  });

  test("abuse: a list of referrers whose pages are large and do not end is given up after some of them", async () => {
    await using server = await startStrictRegistry();
    const { root } = hostImage(server);
    const list = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] });
    const page = list.padEnd(3 * 1024 * 1024);
    const endless = ({ url, response }: ServerExchange) => {
      const next = Number(url.searchParams.get("page") ?? 0) + 1;
      response.writeHead(200, {
        "content-type": mediaTypes.ociIndex,
        link: `<${url.pathname}?page=${next}>; rel="next"`,
      });
      response.end(page);
    };
    server.inject(on("GET", /\/referrers\//), endless, 100);
    await using source = await openAttached(server.host);
    await assert.rejects(source.referrers(root.digest), expectedError("CORRUPT", /has more than/));
    assert.ok(server.log.filter(on("GET", /\/referrers\//)).length < 8);
  });

  test("an index that came in with entries we do not understand is kept as it is, character for character", async () => {
    await using server = await startStrictRegistry({ referrersApi: false });
    const { root, place } = hostImage(server);
    const tag = root.digest.replace(":", "-");
    const first = madeReferrer(root, "a/first");
    const text = `{ "schemaVersion": 2, "mediaType": "${mediaTypes.ociIndex}", "annotations": {"x": "y"},
  "manifests": [ {"digest": "${root.digest}", "data": [1, 2]}, ${JSON.stringify(first.descriptor)} ], "later": 1e3 }`;
    hostDocument(server, tag, text, mediaTypes.ociIndex);
    const { events, progress } = listening();
    assert.deepEqual(await referrersOf(server.host, { progress }), [first.descriptor.digest]);
    assert.match(events.map((event) => (event.type === "warning" ? event.message : "")).join(""), /1 entries/);
    const second = madeReferrer(root, "a/second");
    await using target = await openAttachable(server.host);
    await putBlobs(target, [...first.blobs, ...second.blobs]);
    for (const { descriptor, bytes } of [first, second]) await target.putReferrer(root.digest, descriptor, bytes);
    await target.commit(root, place.content(root.digest));
    const repository = server.repository("app");
    const now = repository.manifests.get(repository.tags.get(tag) ?? "")?.bytes.toString();
    assert.equal(now, text.replace("} ],", `},${JSON.stringify(second.descriptor)} ],`));
  });

  test("abuse: a list that names its subject, and the same entry twice, has each other entry once", async () => {
    await using server = await startStrictRegistry({ referrersApi: false });
    const { root } = hostImage(server);
    const { descriptor } = madeReferrer(root, "a/b");
    const manifests = [root, descriptor, descriptor];
    const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
    hostDocument(server, root.digest.replace(":", "-"), list, mediaTypes.ociIndex);
    assert.deepEqual(await referrersOf(server.host), [descriptor.digest]);
  });

  test("abuse: a fallback tag that names the image itself, or anything but a list, is a CONFLICT and stays", async () => {
    for (const kind of ["manifest", "index", "docker list", "garbage"] as const) {
      await using server = await startStrictRegistry({ referrersApi: false });
      const { root, bytes, tag } = occupyFallbackTag(server, kind);
      const there = server.repository("app").tags.get(tag);
      assert.deepEqual(await referrersOf(server.host), []);
      await using target = await openAttachable(server.host, {}, "app:2");
      const referrer = madeReferrer(root, "a/b");
      await putBlobs(target, referrer.blobs);
      await target.putReferrer(root.digest, referrer.descriptor, referrer.bytes);
      await assert.rejects(
        target.commit(root, bytes),
        expectedError("CONFLICT", /sha256-.* names .*not the list of referrers; it stays/),
      );
      assert.equal(server.repository("app").tags.get(tag), there);
      assert.ok(server.repository("app").manifests.has(there ?? ""));
      assert.equal(server.repository("app").tags.has("2"), false);
      assert.equal(server.log.filter(({ method }) => method === "DELETE").length, 0);
    }
  });
});

/** Hosts an image as `app:1`, and something under its fallback tag that is no list. */
function occupyFallbackTag(server: StrictRegistry, kind: "manifest" | "index" | "docker list" | "garbage") {
  const { root: child, place } = hostImage(server);
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] };
  const isIndex = kind === "index";
  const root = isIndex ? hostDocument(server, "1", index, mediaTypes.ociIndex) : child;
  const bytes = isIndex ? Buffer.from(JSON.stringify(index)) : place.content(root.digest);
  const tag = root.digest.replace(":", "-");
  server.repository("app").tags.set(tag, root.digest);
  if (kind === "docker list")
    hostDocument(server, tag, { ...index, mediaType: mediaTypes.dockerList }, mediaTypes.dockerList);
  if (kind === "garbage") hostDocument(server, tag, "garbage", mediaTypes.ociIndex);
  return { root, bytes, tag };
}
