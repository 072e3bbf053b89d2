import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writeBundle } from "../../src/runtime/bundle.js";
import type { BundleSettings } from "../../src/runtime/bundle-spec.js";
import { resolveUser } from "../../src/runtime/user.js";
import { expectedError } from "../support/expected-error.js";
import { layeredImage } from "../support/layered-image.js";
import { scratchDirectory } from "../support/scratch.js";

const scratch = scratchDirectory();
let count = 0;

/** The process and mounts of a bundle for an image with this config. */
async function bundled(config: object, settings: BundleSettings = {}) {
  count += 1;
  const directory = join(scratch, `bundle-${count}`);
  const layer = [
    { name: "etc/passwd", content: "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:\nbroken\n" },
    { name: "etc/group", content: "app:x:1001:\nwheel:x:10:root,app\nvideo:x:44:app\n" },
  ];
  await writeBundle(await layeredImage([layer], { config }), directory, settings);
  return JSON.parse(readFileSync(join(directory, "config.json"), "utf8"));
}

test("entrypoint and command are one; a given command takes the place of the image's; neither is sh", async () => {
  const config = { Entrypoint: ["/entry"], Cmd: ["a", "b"] };
  assert.deepEqual((await bundled(config)).process.args, ["/entry", "a", "b"]);
  assert.deepEqual((await bundled(config, { command: ["c"] })).process.args, ["/entry", "c"]);
  assert.deepEqual((await bundled({})).process.args, ["sh"]);
});

test("variables keep their order, given ones win, and only missing ones are added", async () => {
  const { process } = await bundled({ Env: ["B=1", "PATH=/bin", "A=2"], User: "app" }, { environment: ["B=3"] });
  assert.deepEqual(process.env, ["PATH=/bin", "A=2", "B=3", "TERM=xterm", "HOME=/home/app"]);
});

test("labels win over derived annotations, volumes are tmpfs mounts in their order", async () => {
  const config = {
    Labels: { "org.opencontainers.image.os": "mine", l: "v" },
    Volumes: { "/z": {}, "/a": {} },
    ExposedPorts: { "80/tcp": {}, "443/tcp": {} },
  };
  const { annotations, mounts } = await bundled(config);
  assert.equal(annotations["org.opencontainers.image.os"], "mine");
  assert.equal(annotations["org.opencontainers.image.exposedPorts"], "443/tcp,80/tcp");
  const volumes = mounts.filter(({ source }: { source: string }) => source === "none");
  assert.deepEqual(
    volumes.map(({ destination }: { destination: string }) => destination),
    ["/a", "/z"],
  );
});

test("an unknown user, a relative working directory and a second bundle in one place are refused", async () => {
  await assert.rejects(bundled({ User: "nobody-here" }), expectedError("NOT_FOUND", /no user "nobody-here"/));
  await assert.rejects(bundled({ User: "app:nobody" }), expectedError("NOT_FOUND", /no group "nobody"/));
  await assert.rejects(bundled({ WorkingDir: "relative" }), expectedError("USAGE", /is not absolute/));
  const image = await layeredImage([[]]);
  const directory = join(scratch, "twice");
  await writeBundle(image, directory);
  await assert.rejects(writeBundle(image, directory), expectedError("CONFLICT", /holds a bundle already/));
});

test("users are looked up by name and number; groups come along for a name without a group", async () => {
  await bundled({});
  const root = join(scratch, `bundle-${count}`, "rootfs");
  assert.deepEqual(resolveUser(root, ""), { uid: 0, gid: 0, additionalGids: [], home: "/root" });
  assert.deepEqual(resolveUser(root, "app"), { uid: 1000, gid: 1001, additionalGids: [10, 44], home: "/home/app" });
  assert.deepEqual(resolveUser(root, "app:wheel"), { uid: 1000, gid: 10, additionalGids: [], home: "/home/app" });
  assert.deepEqual(resolveUser(root, "1000"), { uid: 1000, gid: 1001, additionalGids: [], home: "/home/app" });
  assert.deepEqual(resolveUser(root, "7:8"), { uid: 7, gid: 8, additionalGids: [], home: undefined });
});

test("a passwd file that is a link to the host's is looked for inside the image", () => {
  const root = join(scratch, "linked");
  mkdirSync(join(root, "etc"), { recursive: true });
  const host = join(scratch, "host-passwd");
  writeFileSync(host, "app:x:1:1::/:\n");
  symlinkSync(host, join(root, "etc", "passwd"));
  assert.throws(() => resolveUser(root, "app"), expectedError("NOT_FOUND"));
});
