import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { copy } from "../../../../../src/copy/copy.js";
import type { Descriptor } from "../../../../../src/oci/descriptor.js";
import { digestOf } from "../../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../../src/oci/media-type.js";
import { digestTagName } from "../../../../../src/transport/attachments.js";
import { singleCredentials } from "../../../../../src/transport/registry/auth/keychain.js";
import { expectedError } from "../../../../support/expected-error.js";
import {
  madeReferrer,
  madeSignatures,
  openAttachable,
  openAttached,
  putBlobs,
} from "../../../../support/images/made-attachments.js";
import { noDockerRegistry, startDockerRegistry } from "../../../../support/registry/docker-registry.js";
import { hostDocument, hostImage, randomImage } from "../../../../support/registry/hosted-image.js";
import { startReferrersShim } from "../../../../support/registry/referrers-shim.js";
import { type TestEnvironment, testEnvironment } from "../../../../support/registry/registry-endpoint.js";
import { type EndOptions, openTo, readWhole } from "../../../../support/registry/registry-ends.js";
import { on, startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";

const skip = noDockerRegistry;

/** Real pauses of random length: writers that wait in step would never get past each other. */
function realTime(): TestEnvironment {
  const wait = async (milliseconds: number) => void (await sleep(milliseconds));
  return { ...testEnvironment(), wait, random: Math.random, now: Date.now };
}

/** Pushes a small image as `app:1`. */
async function push(host: string, options: EndOptions = {}): Promise<Descriptor> {
  const { place, root } = randomImage([10]);
  await using target = await openTo(host, options);
  await copy(place.source("app"), target, {});
  return root;
}

/** One writer's work: a signature and a referrer, for an image that is there. */
async function attach(host: string, name: string, options: EndOptions = {}): Promise<void> {
  await using target = await openAttachable(host, options);
  await using source = await openAttached(host, options);
  const root = await source.resolve();
  const attached = madeSignatures(name);
  const referrer = madeReferrer(root, "a/b", name);
  await putBlobs(target, [...attached.blobs, ...referrer.blobs]);
  await target.putReferrer(root.digest, referrer.descriptor, referrer.bytes);
  await target.putDigestTag(root.digest, "sig", attached);
  await target.commit(root, await source.manifest(root));
}

async function signers(host: string, options: EndOptions = {}): Promise<readonly string[]> {
  await using source = await openAttached(host, options);
  const found = await source.digestTag((await source.resolve()).digest, "sig");
  if (!found) return [];
  const manifest: { layers: Descriptor[]; config: Descriptor } = JSON.parse(
    Buffer.from(await source.manifest(found)).toString(),
  );
  const config: { rootfs: { diff_ids: string[] } } = JSON.parse((await readWhole(source, manifest.config)).toString());
  assert.deepEqual(
    config.rootfs.diff_ids,
    manifest.layers.map(({ digest }) => digest),
  );
  const names: string[] = [];
  for (const layer of manifest.layers) names.push((await readWhole(source, layer)).toString());
  return names.toSorted();
}

async function referring(host: string, options: EndOptions = {}): Promise<readonly (string | undefined)[]> {
  await using source = await openAttached(host, options);
  const found = await source.referrers((await source.resolve()).digest, "a/b");
  return found.map(({ annotations }) => annotations?.["test.content"]).toSorted();
}

describe("several writers", { skip }, () => {
  test("requirement: three writers one after the other and two at once are all listed, the image's digest and tag as before", async () => {
    await using registry = await startDockerRegistry("open");
    const environment = realTime();
    const root = await push(registry.host);
    for (const name of ["one", "two", "three"]) await attach(registry.host, name, { environment });
    await Promise.all(["four", "five"].map((name) => attach(registry.host, name, { environment })));
    const all = ["one", "two", "three", "four", "five"].toSorted();
    assert.deepEqual(await signers(registry.host), all);
    assert.deepEqual(await referring(registry.host), all);
    const head = await fetch(`http://${registry.host}/v2/app/manifests/1`, {
      method: "HEAD",
      headers: { accept: mediaTypes.ociManifest },
    });
    assert.equal(head.headers.get("docker-content-digest"), root.digest);
  });

  test("with a referrers API in front, they are listed there, page by page, and there is no fallback tag", async () => {
    await using registry = await startDockerRegistry("open");
    await using shim = await startReferrersShim(registry.host, { pageSize: 1 });
    const environment = realTime();
    const root = await push(shim.host);
    await Promise.all(["one", "two", "three"].map((name) => attach(shim.host, name, { environment })));
    const all = ["one", "two", "three"].toSorted();
    assert.deepEqual(await signers(shim.host), all);
    assert.deepEqual(await referring(shim.host), all);
    assert.deepEqual(await referring(registry.host), []);
    const listed = await fetch(`http://${registry.host}/v2/app/tags/list`);
    const { tags }: { tags: string[] } = JSON.parse(await listed.text());
    assert.deepEqual(tags.toSorted(), ["1", digestTagName(root.digest, "sig")]);
  });

  test("requirement: with a token for pulls alone, signatures are read, and writing them is DENIED with exit status 4", async () => {
    await using registry = await startDockerRegistry("token");
    const as = (username: string): EndOptions => ({
      registry: {
        keychain: singleCredentials(registry.host, { kind: "password", username, password: registry.password }),
      },
      environment: realTime(),
    });
    await push(registry.host, as(registry.username));
    await attach(registry.host, "one", as(registry.username));
    assert.deepEqual(await signers(registry.host, as(registry.reader)), ["one"]);
    await assert.rejects(attach(registry.host, "two", as(registry.reader)), (error: unknown) => {
      expectedError("DENIED")(error);
      return error instanceof Error && "exitStatus" in error && error.exitStatus === 4;
    });
    assert.deepEqual(await signers(registry.host, as(registry.reader)), ["one"]);
  });
});

describe("a writer that is overtaken", () => {
  test("writes again what somebody else has replaced, together with what they wrote", async () => {
    await using server = await startStrictRegistry({ referrersApi: false });
    const { root } = hostImage(server);
    const other = madeSignatures("other");
    const tag = digestTagName(root.digest, "sig");
    const list = root.digest.replace(":", "-");
    const strange = madeReferrer(root, "a/b", "other");
    const repository = server.repository("app");
    for (const blob of [...other.blobs, other.config]) repository.blobs.set(digestOf(blob), Buffer.from(blob));
    repository.manifests.set(strange.descriptor.digest, {
      type: mediaTypes.ociManifest,
      bytes: Buffer.from(strange.bytes),
    });
    // Directly after our first write, the other writer's arrives, who had looked before it.
    server.inject(on("PUT", new RegExp(`manifests/${tag}$`)), async (_, proceed) => {
      await proceed();
      hostDocument(server, tag, Buffer.from(other.bytes), mediaTypes.ociManifest);
    });
    server.inject(on("PUT", new RegExp(`manifests/${list}$`)), async (_, proceed) => {
      await proceed();
      const theirs = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [strange.descriptor] };
      hostDocument(server, list, theirs, mediaTypes.ociIndex);
    });
    const environment = testEnvironment();
    await attach(server.host, "ours", { environment });
    server.assertFaultsUsed();
    assert.deepEqual(await signers(server.host), ["other", "ours"]);
    assert.deepEqual(await referring(server.host), ["other", "ours"]);
    assert.ok(environment.pauses.every((pause, index) => pause > (environment.pauses[index - 1] ?? 0)));
  });

  test("gives up after five writes with a CONFLICT, and the image's tag does not move", async () => {
    await using server = await startStrictRegistry();
    hostImage(server);
    const { place, root } = randomImage([10]);
    const attached = madeSignatures("ours");
    const tag = digestTagName(root.digest, "sig");
    const repository = server.repository("app");
    const written = () => server.log.filter(({ method, path }) => method === "PUT" && path.endsWith(tag)).length;
    server.inject(
      on("PUT", new RegExp(`manifests/${tag}$`)),
      async (_, proceed) => {
        await proceed();
        const other = madeSignatures(`other ${written()}`);
        for (const blob of [...other.blobs, other.config]) repository.blobs.set(digestOf(blob), Buffer.from(blob));
        hostDocument(server, tag, Buffer.from(other.bytes), mediaTypes.ociManifest);
      },
      100,
    );
    const before = repository.tags.get("1");
    await using target = await openAttachable(server.host);
    await putBlobs(target, [...place.blobs.values(), ...attached.blobs]);
    await target.putDigestTag(root.digest, "sig", attached);
    await assert.rejects(target.commit(root, place.content(root.digest)), expectedError("CONFLICT", /written 5 times/));
    assert.equal(written(), 5);
    assert.equal(repository.tags.get("1"), before);
  });
});
