import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { copy } from "../../../src/copy/copy.js";
import { openTarget } from "../../../src/doors/transport.js";
import { OciEncError } from "../../../src/errors.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import { expectedError } from "../../support/expected-error.js";
import { type Breakage, type BrokenSource, brokenSource } from "../../support/images/broken-source.js";
import { checkLayout } from "../../support/images/layout-check.js";
import { ecPair, encryptionKey } from "../../support/keys/key-pair.js";
import { type HostedImage, randomImage } from "../../support/registry/hosted-image.js";
import { scratchOf } from "../../support/scratch.js";

const size = 400_000;
const half = 200_000;

interface Broken extends HostedImage {
  readonly store: string;
  readonly digest: string;
  /** Where the beginning of the first layer waits. */
  readonly waiting: string;
}

/** A pull into a new store that broke off in the middle of the first of two layers. */
async function brokenPull(t: TestContext): Promise<Broken> {
  const store = join(scratchOf(t), "store");
  const image = randomImage([size, 30_000]);
  const digest = image.layers[0]?.digest ?? "";
  const source = brokenSource(image.place, { after: new Map([[digest, half]]) });
  await assert.rejects(into(store, source), expectedError("UNAVAILABLE", /the line broke/));
  return { ...image, store, digest, waiting: join(store, ".oci-enc", "ingest", digest.replace(":", "-")) };
}

/** One blob after the other, so that all before the one that breaks are whole. */
async function into(store: string, source: BrokenSource, options: Parameters<typeof copy>[2] = {}): Promise<void> {
  await using target = await openTarget("app", { store });
  await copy(source, target, { jobs: 1, ...options });
}

/** The same with a good line; says what the source was asked for. */
async function pullAgain({ place, store }: Broken, breakage?: Breakage): Promise<BrokenSource["asked"]> {
  const source = brokenSource(place, breakage);
  await into(store, source);
  assert.deepEqual(await checkLayout(store), ["docker.io/library/app:latest"]);
  assert.deepEqual((await readdir(store)).toSorted(), ["blobs", "index.json", "oci-layout"]);
  return source.asked;
}

test("a pull that broke off is gone on with: only what is missing is asked for", async (t) => {
  const broken = await brokenPull(t);
  const had = (await readFile(broken.waiting)).length;
  assert.ok(had > half - 30_000 && had <= half, `${had} bytes`);
  const [, second] = broken.layers;
  assert.deepEqual(await pullAgain(broken), [
    [broken.digest, had],
    [second?.digest, 0],
  ]);
});

test("a blob that was whole when a later one broke off is not asked for at all", async (t) => {
  const store = join(scratchOf(t), "store");
  const { place, layers } = randomImage([size, 30_000]);
  const [first, second] = layers.map(({ digest }) => digest);
  const source = brokenSource(place, { after: new Map([[second ?? "", 20_000]]) });
  await assert.rejects(into(store, source), expectedError("UNAVAILABLE"));
  assert.equal(source.asked.filter(([digest]) => digest === first).length, 1);
  const again = brokenSource(place);
  await into(store, again);
  assert.deepEqual(
    again.asked.map(([digest]) => digest),
    [second],
  );
  await checkLayout(store);
});

test("a pull that breaks off again and again gets a little further each time", async (t) => {
  const broken = await brokenPull(t);
  const source = brokenSource(broken.place, { after: new Map([[broken.digest, 150_000]]) });
  await assert.rejects(into(broken.store, source), expectedError("UNAVAILABLE"));
  const had = (await readFile(broken.waiting)).length;
  assert.ok(had > half + 100_000, `${had} bytes`);
  assert.deepEqual((await pullAgain(broken))[0], [broken.digest, had]);
});

test("within one run a retry goes on where the line broke", async (t) => {
  const store = join(scratchOf(t), "store");
  const { place, layers } = randomImage([size]);
  const digest = layers[0]?.digest ?? "";
  const source = brokenSource(place, { after: new Map([[digest, half]]), retries: 3 });
  await into(store, source);
  const starts = source.asked.filter(([asked]) => asked === digest).map(([, from]) => from);
  assert.ok(starts.length >= 2 && starts.every((from, index) => index === 0 || from > 150_000 * index), String(starts));
  await checkLayout(store);
});

test("an interrupted pull is gone on with as well", async (t) => {
  const store = join(scratchOf(t), "store");
  const { place, layers } = randomImage([size]);
  const digest = layers[0]?.digest ?? "";
  const interrupted = new AbortController();
  const plain = brokenSource(place);
  const source: BrokenSource = {
    ...plain,
    async *blob(blob, from) {
      let passed = 0;
      for await (const chunk of plain.blob(blob, from)) {
        yield chunk;
        passed += chunk.length;
        if (passed >= half) interrupted.abort(new OciEncError("ABORTED", "interrupted"));
      }
    },
  };
  await assert.rejects(into(store, source, { signal: interrupted.signal }), expectedError("ABORTED"));
  const again = brokenSource(place);
  await into(store, again);
  const [[, from] = ["", 0]] = again.asked.filter(([asked]) => asked === digest);
  assert.ok(from > half - 30_000, `from ${from}`);
});

test("a beginning that is not what it should be is replaced, without a retry and without an error", async (t) => {
  for (const damage of [randomBytes(half), randomBytes(size), randomBytes(size + 1)]) {
    const broken = await brokenPull(t);
    await writeFile(broken.waiting, damage);
    const starts = (await pullAgain(broken)).filter(([digest]) => digest === broken.digest).map(([, from]) => from);
    assert.deepEqual(starts.at(-1), 0);
  }
});

test("what does not hold its digest is not kept", async (t) => {
  const store = join(scratchOf(t), "store");
  const { place, layers } = randomImage([size]);
  place.blobs.set(layers[0]?.digest ?? "", randomBytes(size));
  await assert.rejects(into(store, brokenSource(place)), expectedError("CORRUPT"));
  assert.deepEqual(await readdir(join(store, ".oci-enc", "ingest")).catch(() => []), [
    await configFile(place.text(place.names.get("app")?.digest ?? "")),
  ]);
});

test("of layers that are encrypted on the way nothing is ever kept", async (t) => {
  const store = join(scratchOf(t), "store");
  const { place, layers } = randomImage([size, size]);
  const transform = await encryptLayers({ keys: [encryptionKey(ecPair().publicKey)] });
  const source = brokenSource(place, { after: new Map([[layers[1]?.digest ?? "", half]]) });
  await assert.rejects(into(store, source, { transform }), expectedError("UNAVAILABLE"));
  const kept = await readdir(join(store, ".oci-enc", "ingest")).catch(() => []);
  const config = await configFile(place.text(place.names.get("app")?.digest ?? ""));
  assert.deepEqual(
    kept.filter((name) => name !== config),
    [],
  );
});

async function configFile(manifest: string): Promise<string> {
  return JSON.parse(manifest).config.digest.replace(":", "-");
}
