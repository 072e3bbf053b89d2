import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { filesOpenedBy } from "../../../support/files/system-calls.js";
import { writeManyImages } from "../../../support/images/many-images.js";
import { rsaPair } from "../../../support/keys/key-pair.js";
import { scratchOf } from "../../../support/scratch.js";

test("what encrypt in place and rm open in a store does not depend on how many images are there", {
  skip: spawnSync("strace", ["-V"]).status === 0 ? false : "needs strace",
}, (t) => {
  const scratch = scratchOf(t);
  const publicKey = join(scratch, "public.pem");
  writeFileSync(publicKey, rsaPair().publicKey.export({ type: "spki", format: "pem" }));
  const commands = [
    ["encrypt", "app0:1", "--recipient", `jwe:${publicKey}`],
    ["rm", "app1:1"],
    ["encrypt", "app2:1", "--recipient", `jwe:${publicKey}`],
    ["rm", "app3:1", "app4:1"],
  ];
  const counts = [20, 400].map((images) => {
    const store = join(scratch, String(images));
    writeManyImages(store, images);
    return commands.map(
      (args) =>
        filesOpenedBy([...args, "--store", store], scratch, { XDG_CACHE_HOME: join(scratch, "cache") }).filter((path) =>
          path.startsWith(join(store, "blobs", "sha256", "/")),
        ).length,
    );
  });
  const [few = [], many = []] = counts;
  // The first command of all meets a store that others have written, and has to read every manifest once.
  assert.ok((many[0] ?? 0) >= 400);
  assert.deepEqual(many.slice(1), few.slice(1));
  assert.ok(Math.max(...few.slice(1)) < 20);
});
