import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { copyImage, OciEncError } from "../../../src/doors/index.js";
import { writeImage } from "../../support/images/layout-image.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { testVariable } from "../../support/process/test-variables.js";
import { startFlakyProxy } from "../../support/registry/flaky-proxy.js";
import { hostImage } from "../../support/registry/hosted-image.js";
import { startStrictRegistry } from "../../support/registry/strict/strict-registry.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const store = join(scratch, "store");
const sizes = [60_000, 20_000, 500];

/** From OCI_ENC_SEED, to do again what a failed run has done. */
const seed = Number(testVariable("OCI_ENC_SEED") ?? randomInt(2 ** 31));

test("one hundred pushes and pulls end whole where rates are limited, connections cut and answers lost", async (t) => {
  t.diagnostic(`OCI_ENC_SEED=${seed}`);
  await using registry = await startStrictRegistry();
  await using proxy = await startFlakyProxy(registry.host, { seed, perSecond: 50, failing: 0.03, cutting: 0.03 });
  const started = performance.now();
  await inLanes(50, 4, async (turn) => {
    const name = `docker://${proxy.host}/app-${turn}:1`;
    const { place, root } = await writeImage(`oci:${join(scratch, `from-${turn}`)}:app`, sizes);
    await copyImage(`oci:${join(scratch, `from-${turn}`)}:app`, name);
    const stored = registry.repository(`app-${turn}`);
    assert.equal(stored.tags.get("1"), root.digest);
    for (const digest of place.blobs.keys()) assert.ok(stored.blobs.has(digest) || stored.manifests.has(digest));
    const back = await copyImage(name, `app-${turn}`, { target: { store } });
    assert.equal(back.digest, root.digest);
  });
  const seconds = (performance.now() - started) / 1000;
  const { limited, failed, cut } = proxy.done;
  t.diagnostic(
    `${proxy.log.length} requests in ${seconds.toFixed(1)} s: ${limited} limited, ${failed} failed, ${cut} cut`,
  );
  assert.ok(seconds < 180);
  assert.ok(limited > 0 && failed > 0 && cut > 0);
});

test("a registry that never answers well exhausts the retries, which are as many as asked for, and ends with 5", async () => {
  await using registry = await startStrictRegistry();
  await using proxy = await startFlakyProxy(registry.host, { seed, perSecond: 50, failing: 1, cutting: 0 });
  hostImage(registry);
  const { status, stderr } = await ociEnc(["pull", "--retry-times", "2", `${proxy.host}/app:1`], {
    env: { HOME: scratch, OCI_ENC_STORE: store },
  });
  assert.equal(status, 5);
  assert.match(stderr, /^oci-enc: .*502/);
  assert.equal(proxy.log.length, 3);
});

/** Runs `work` for each number below `count`, so many at a time. */
async function inLanes(count: number, lanes: number, work: (turn: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const turn = next;
      next += 1;
      await work(turn).catch((error: unknown) => {
        const why = error instanceof OciEncError ? `${error.code}: ${error.message}` : error;
        throw new Error(`image ${turn}, seed ${seed}: ${why}`, { cause: error });
      });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
