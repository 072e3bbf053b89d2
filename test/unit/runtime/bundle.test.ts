import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { geteuid } from "node:process";
import { test } from "node:test";
import { writeBundle } from "../../../src/runtime/bundle.js";
import type { BundleSettings } from "../../../src/runtime/spec/bundle-spec.js";
import { resolveUser } from "../../../src/runtime/spec/user.js";
import type { GivenEntry } from "../../support/bytes/tar-file.js";
import { expectedError } from "../../support/expected-error.js";
import { layeredImage } from "../../support/images/layered-image.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
let count = 0;

/** The process and mounts of a bundle for an image with this config. */
async function bundled(config: object, settings: BundleSettings = {}, members: readonly GivenEntry[] = []) {
  count += 1;
  const directory = join(scratch, `bundle-${count}`);
  const events: string[] = [];
  const layer = [
    { name: "etc/passwd", content: "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:\nbroken\n" },
    { name: "etc/group", content: "app:x:1001:\nwheel:x:10:root,app\nvideo:x:44:app\n" },
  ];
  await writeBundle(await layeredImage([[...layer, ...members]], { config }), directory, {
    ...settings,
    progress: (event) => events.push(event.type === "warning" ? event.code : ""),
  });
  return { ...JSON.parse(readFileSync(join(directory, "config.json"), "utf8")), events };
}

test("entrypoint and command are one; a given command takes the place of the image's; neither is sh", async () => {
  const config = { Entrypoint: ["/entry"], Cmd: ["a", "b"] };
  assert.deepEqual((await bundled(config)).process.args, ["/entry", "a", "b"]);
  assert.deepEqual((await bundled(config, { command: ["c"] })).process.args, ["/entry", "c"]);
  assert.deepEqual((await bundled({})).process.args, ["sh"]);
});

test("variables keep their order, given ones win, and only missing ones are added", async () => {
  // Without root a container has one user alone.
  const [user, home] = geteuid?.() === 0 ? ["app", "/home/app"] : ["root", "/root"];
  const { process } = await bundled({ Env: ["B=1", "PATH=/bin", "A=2"], User: user }, { environment: ["B=3"] });
  assert.deepEqual(process.env, ["PATH=/bin", "A=2", "B=3", "TERM=xterm", `HOME=${home}`]);
});

test("labels of the image-spec win over derived annotations, volumes are tmpfs mounts in their order", async () => {
  const config = {
    Labels: { "org.opencontainers.image.os": "mine" },
    Volumes: { "/z": {}, "/a/": {} },
    ExposedPorts: { "80/tcp": {}, "443/tcp": {} },
  };
  const { annotations, mounts } = await bundled(config);
  assert.equal(annotations["org.opencontainers.image.os"], "mine");
  assert.equal(annotations["org.opencontainers.image.exposedPorts"], "443/tcp,80/tcp");
  assert.deepEqual(volumesOf(mounts), ["/a", "/z"]);
});

function volumesOf(mounts: readonly { source: string; destination: string }[]): readonly string[] {
  return mounts.filter(({ source }) => source === "none").map(({ destination }) => destination);
}

/** What runtimes, shims and managers of them take for orders. */
const orders: readonly string[] = [
  ...["keep_original_groups", "pidfd_receiver", "hooks.stdout", "hooks.stderr", "handler", "systemd.force_cgroup_v1"],
  ...["systemd.subgroup", "delegate-cgroup", "seccomp_fail_unknown_syscall", "seccomp_bpf_data", "mount_context_type"],
  ...["seccomp.receiver", "seccomp.plugins", "scheduler", "krun.cpus", "wasm"],
]
  .map((name) => `run.oci.${name}`)
  .concat(
    ["org.systemd.property.CollectMode", "org.systemd.property.DeviceAllow", "org.systemd.property.ExecStartPre"],
    [
      "io.katacontainers.config.hypervisor.path",
      "io.katacontainers.config.agent.kernel_modules",
      "io.katacontainers.x",
    ],
    ["com.github.containers.virtcontainers.pkg.oci.container_type", "com.github.containers.x"],
    ["io.kubernetes.cri.container-type", "io.kubernetes.cri-o.Devices", "io.kubernetes.cri-o.userns-mode"],
    [
      "io.container.manager",
      "io.podman.annotations.privileged",
      "io.podman.annotations.seccomp",
      "module.wasm.image/variant",
    ],
    ["com.docker.network.bridge", "dev.gvisor.spec.mount.x.source", "org.criu.config", "cpu-quota.crio.io", "l", ""],
    [
      "org.opencontainers.image",
      "org.opencontainers.runtime.x",
      "ORG.OPENCONTAINERS.IMAGE.x",
      "org.opencontainers.images.x",
    ],
    [" org.opencontainers.image.x", "xorg.opencontainers.image.x", "org\u200b.opencontainers.image.x", "__proto__"],
  );

const misleading: readonly string[] = [
  ...["/", "", ".", "..", "relative", "./a", "//", "//a", "/a//b", "/a/./b", "/a/../b", "/../a", "/a/..", "/a\0b"],
  ...[
    "/proc",
    "/proc/",
    "/proc/sys",
    "/proc/self/fd/7",
    "/sys",
    "/sys/",
    "/sys/fs/cgroup",
    "/dev",
    "/dev/shm",
    "/dev/pts/",
  ],
  ...["/sneak", "/sneak/sys", "/far/sneak", "/loop/x/sneak", "/up"],
];

test("no label gives the runtime instructions, and no volume leads to the kernel's directories", async () => {
  assert.ok(orders.length + misleading.length >= 60);
  const links = [
    { name: "sneak", type: "symlink" as const, linkname: "/proc" },
    { name: "far/sneak", type: "symlink" as const, linkname: "../../../sys/fs" },
    { name: "loop/x", type: "symlink" as const, linkname: ".." },
    { name: "loop/sneak", type: "symlink" as const, linkname: "/dev" },
    { name: "up", type: "symlink" as const, linkname: "/far/.." },
  ];
  for (const label of orders) {
    const { annotations } = await bundled({ Labels: Object.fromEntries([[label, "x"]]) });
    assert.deepEqual(Object.keys(annotations).sort(), derived, label);
  }
  for (const volume of misleading) {
    const { mounts, events } = await bundled({ Volumes: { [volume]: {}, "/sound": {} } }, {}, links);
    assert.deepEqual(volumesOf(mounts), ["/sound"], volume);
    assert.equal(events.filter((event: string) => event === "VOLUME_IGNORED").length, 1, volume);
  }
  const { mounts } = await bundled({ Volumes: { "/loop/x/inner": {} } }, {}, links);
  assert.deepEqual(volumesOf(mounts), ["/inner"]);
});

const derived = ["org.opencontainers.image.architecture", "org.opencontainers.image.os"];

test("a directory, a program or a PATH that leads into the kernel's directories is refused", async () => {
  const links = [
    { name: "sneak", type: "symlink" as const, linkname: "/proc/self/fd/7/../../../../bin/sh" },
    { name: "bin/sneak", type: "symlink" as const, linkname: "../sneak" },
    { name: "fd", type: "symlink" as const, linkname: "/dev/fd/7" },
  ];
  const refused = expectedError("UNSUPPORTED", /leads into \/(?:proc|sys|dev)$/);
  for (const WorkingDir of [
    "/proc/self/fd/7",
    "/x/../proc/self/fd/8/../../..",
    "/fd",
    "/sys/fs/cgroup",
    "/dev/fd/3",
    "/sneak",
  ]) {
    await assert.rejects(bundled({ WorkingDir }, {}, links), refused, WorkingDir);
  }
  for (const program of [
    "/proc/self/exe",
    "/proc/self/fd/7/../../../bin/sh",
    "/sneak",
    "../proc/self/exe",
    "sneak",
    "/fd/x",
  ]) {
    await assert.rejects(bundled({ Entrypoint: [program], Env: ["PATH=/bin"] }, {}, links), refused, program);
  }
  await assert.rejects(bundled({ Env: ["PATH=/bin:/proc/self/fd/7/bin"] }), refused);
  await assert.rejects(bundled({ Cmd: ["a\0b"] }), expectedError("CORRUPT", /zero byte/));
  for (const name of ["proc", "sys", "dev"]) {
    const link = [{ name, type: "symlink" as const, linkname: "/etc" }];
    await assert.rejects(bundled({}, {}, link), expectedError("UNSUPPORTED", /is not a directory/));
  }
  const { process } = await bundled({ WorkingDir: "/a/./b/../c" });
  assert.equal(process.cwd, "/a/c");
});

test("an unknown user, a relative working directory and a second bundle in one place are refused", async () => {
  await assert.rejects(bundled({ User: "nobody-here" }), expectedError("NOT_FOUND", /no user "nobody-here"/));
  await assert.rejects(bundled({ User: "app:nobody" }), expectedError("NOT_FOUND", /no group "nobody"/));
  await assert.rejects(bundled({ WorkingDir: "relative" }), expectedError("USAGE", /is not absolute/));
  const image = await layeredImage([[]]);
  const directory = join(scratch, "twice");
  await writeBundle(image, directory);
  await assert.rejects(writeBundle(image, directory), expectedError("CONFLICT", /already has a bundle in it/));
});

test("a bundle that cannot be made leaves nothing, and one goes beside other files", async () => {
  const image = await layeredImage([[]], { config: { User: "nobody-here" } });
  const directory = join(scratch, "half");
  await assert.rejects(writeBundle(image, directory), expectedError("NOT_FOUND"));
  assert.equal(existsSync(directory), false);
  mkdirSync(join(directory, "rootfs"), { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, "note"), "mine");
  await assert.rejects(writeBundle(image, directory), expectedError("NOT_FOUND"));
  assert.deepEqual(readdirSync(directory).sort(), ["note", "rootfs"]);
  await writeBundle(image, directory, { user: "0" });
  assert.deepEqual(readdirSync(directory).sort(), ["config.json", "note", "rootfs"]);
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
