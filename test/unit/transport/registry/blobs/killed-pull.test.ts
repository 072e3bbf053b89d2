import assert from "node:assert/strict";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Descriptor } from "../../../../../src/oci/descriptor.js";
import { checkLayout } from "../../../../support/images/layout-check.js";
import { startSupport } from "../../../../support/process/child-process.js";
import { noDockerRegistry, startDockerRegistry } from "../../../../support/registry/docker-registry.js";
import { type HostedImage, hostImage, randomImage } from "../../../../support/registry/hosted-image.js";
import { pushAll } from "../../../../support/registry/registry-ends.js";
import { type Relay, startRelay } from "../../../../support/registry/relay.js";
import { startStrictRegistry } from "../../../../support/registry/strict/strict-registry.js";
import { scratchOf } from "../../../../support/scratch.js";

const sizes = [3_000_000, 40_000];
const stop = 2_000_000;

/** A registry that holds `app:1`, behind a relay. */
interface Served {
  readonly image: HostedImage;
  readonly relay: Relay;
}

/** Kills a pull when all is there but the end of the first layer, pulls again, and looks at what was asked for. */
async function killAndPullAgain(t: TestContext, { image, relay }: Served): Promise<void> {
  const scratch = scratchOf(t);
  const store = join(scratch, "store");
  const env = { PATH: process.env["PATH"], HOME: scratch, OCI_ENC_STORE: store };
  const pull = () => startSupport("copy-once", [`docker://${relay.host}/app:1`, "app:1"], { env });
  const [first] = image.layers;
  assert.ok(first);

  relay.stall(new RegExp(first.digest), stop);
  const killed = pull();
  await until(() => isThere(join(store, ".oci-enc", "leases"), first));
  killed.process.kill("SIGKILL");
  await killed.ended();
  assert.deepEqual(await readdir(store), [".oci-enc"]);

  relay.heal();
  const before = relay.log.length;
  const { stderr, status } = await pull().ended();
  assert.equal(status, 0, stderr);
  assert.deepEqual(await checkLayout(store), [`docker.io/library/app:1`]);
  const asked = relay.log.slice(before).filter(({ path }) => path.includes("/blobs/"));
  assert.deepEqual(
    asked.map(({ path }) => path),
    [`/v2/app/blobs/${first.digest}`],
  );
  const from = Number(/^bytes=(\d+)-$/.exec(asked[0]?.headers["range"] ?? "")?.[1]);
  assert.ok(from >= stop / 2 && from <= stop, `from ${asked[0]?.headers["range"]}`);
  assert.equal(asked[0]?.status, 206);
  assert.deepEqual((await readdir(store)).toSorted(), ["blobs", "index.json", "oci-layout"]);
}

/** Whether config and second layer are whole, and half of the first is on the disk. */
async function isThere(leases: string, { digest }: Descriptor): Promise<boolean> {
  const [lease = ""] = await readdir(leases).catch(() => []);
  const names = await readdir(join(leases, lease)).catch(() => []);
  if (names.filter((name) => /^kept-sha256-[0-9a-f]+$/.test(name)).length !== 2) return false;
  const part = join(leases, lease, `kept-${digest.replace(":", "-")}.part`);
  return await lstat(part).then(
    ({ size }) => size >= stop / 2,
    () => false,
  );
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await condition())) {
    assert.ok(performance.now() < end, "what was waited for did not happen");
    await delay(20);
  }
}

test("after kill -9 in the middle of a pull from the strict registry, only what was missing is fetched", async (t) => {
  await using registry = await startStrictRegistry();
  const image = hostImage(registry, "app:1", sizes);
  await using relay = await startRelay(registry.host);
  await killAndPullAgain(t, { image, relay });
});

test("after kill -9 in the middle of a pull from docker-registry, only what was missing is fetched", {
  skip: noDockerRegistry,
}, async (t) => {
  await using registry = await startDockerRegistry("open");
  const image = randomImage(sizes);
  await pushAll(image.place, registry.host);
  await using relay = await startRelay(registry.host);
  await killAndPullAgain(t, { image, relay });
});
