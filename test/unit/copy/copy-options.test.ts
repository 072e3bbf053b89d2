import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { copy } from "../../../src/copy/copy.js";
import { OciEncError } from "../../../src/errors.js";
import type { Descriptor } from "../../../src/oci/descriptor.js";
import { digestOf } from "../../../src/oci/digest.js";
import type { ProgressEvent } from "../../../src/progress.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import type { ImageSource, ImageTarget, Upload } from "../../../src/transport/transport.js";
import { expectedError } from "../../support/expected-error.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { ecPair, encryptionKey } from "../../support/keys/key-pair.js";

const tar = "application/vnd.oci.image.layer.v1.tar";
const keys = [encryptionKey(ecPair().publicKey)];

function somewhere(size = 1000): { place: MemoryPlace; root: Descriptor } {
  const place = new MemoryPlace();
  const root = addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(size) }] });
  place.names.set("app", root);
  return { place, root };
}

test("with preserved digests, a copy that would change the image is refused before a byte moves", async () => {
  const { place, root } = somewhere();
  const b = new MemoryPlace("memory:b");
  const options = { preserveDigests: true, transform: await encryptLayers({ keys }) };
  await assert.rejects(copy(place.source("app"), b.target("app"), options), expectedError("UNSUPPORTED", /digest/));
  assert.equal(b.log.length, 0);
  assert.equal((await copy(place.source("app"), b.target("app"), { preserveDigests: true })).digest, root.digest);
});

test("additional tags come after the image's own name, and a target without tags is told at once", async () => {
  const { place, root } = somewhere();
  const b = new MemoryPlace("memory:b");
  const additionalTags = ["one", "two"];
  await assert.rejects(copy(place.source("app"), b.target("app"), { additionalTags }), expectedError("USAGE"));
  assert.equal(b.log.length, 0);
  const tagged: string[] = [];
  const target: ImageTarget = Object.assign(b.target("app"), {
    tag: async (tag: string, named: Descriptor) => {
      tagged.push(`${tag} ${named.digest} ${b.names.has("app")}`);
    },
  });
  await copy(place.source("app"), target, { additionalTags });
  assert.deepEqual(tagged, [`one ${root.digest} true`, `two ${root.digest} true`]);
});

test("what a target holds of a blob is hashed with the rest and not fetched again, unless it is wrong", async () => {
  const { place, root } = somewhere(10_000);
  const layer: Descriptor = JSON.parse(place.text(root.digest)).layers[0];
  const whole = place.content(layer.digest);
  for (const beginning of [whole.subarray(0, 4000), randomBytes(4000)]) {
    const b = new MemoryPlace("memory:b");
    const fetched: [string, number | undefined][] = [];
    const source: ImageSource = {
      ...place.source("app"),
      blob: (descriptor, from) => {
        fetched.push([descriptor.digest, from]);
        return one(place.content(descriptor.digest).subarray(from));
      },
    };
    const puts: Upload[] = [];
    const plain = b.target("app");
    const target: ImageTarget = Object.assign(plain, {
      begun: async ({ digest }: Descriptor) =>
        digest === layer.digest ? { size: beginning.length, bytes: one(beginning) } : undefined,
      put: async (upload: Upload) => {
        puts.push(upload);
        await b.target("app").put(upload);
      },
    });
    await copy(source, target);
    const wrong = digestOf(beginning) !== digestOf(whole.subarray(0, 4000));
    assert.deepEqual(
      fetched.filter(([digest]) => digest === layer.digest).map(([, from]) => from),
      wrong ? [4000, undefined] : [4000],
    );
    assert.equal(puts.findLast(({ digest }) => digest === layer.digest)?.begun, wrong ? undefined : 4000);
    assert.deepEqual(Buffer.from(b.content(layer.digest)), Buffer.from(whole));
  }
});

test("a failure that may pass is tried anew as often as the ends say, each time from the first byte", async () => {
  for (const [failures, retries, ends] of [
    [1, 2, true],
    [3, 2, false],
    [1, 0, false],
  ] as const) {
    const { place, root } = somewhere();
    const layer: Descriptor = JSON.parse(place.text(root.digest)).layers[0];
    let left: number = failures;
    const plain = place.source("app");
    const source: ImageSource = {
      ...plain,
      retries,
      async *blob(descriptor) {
        if (descriptor.digest === layer.digest && left-- > 0) {
          yield place.content(descriptor.digest).subarray(0, 10);
          throw new OciEncError("UNAVAILABLE", "the line broke", { retryable: true });
        }
        yield place.content(descriptor.digest);
      },
    };
    const b = new MemoryPlace("memory:b");
    const copying = copy(source, b.target("app"), { transform: await encryptLayers({ keys }) });
    if (ends) await copying;
    else await assert.rejects(copying, expectedError("UNAVAILABLE"));
    assert.equal(b.names.has("app"), ends);
  }
});

test("what is said to have moved of a blob grows from report to report, up to its size", async () => {
  const { place, root } = somewhere(5 * 2 ** 20);
  const layer: Descriptor = JSON.parse(place.text(root.digest)).layers[0];
  const reports: number[] = [];
  const progress = (event: ProgressEvent) => {
    if (event.type === "moved" && event.blob.digest === layer.digest) reports.push(event.bytes);
  };
  await copy(place.source("app"), new MemoryPlace("memory:b").target("app"), { progress });
  assert.ok(reports.length > 1);
  assert.deepEqual(
    reports,
    reports.toSorted((one, other) => one - other),
  );
  assert.equal(reports.at(-1), layer.size);
});

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
