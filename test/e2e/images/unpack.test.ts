import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { treeListing } from "../../support/files/tree-listing.js";
import { buildOddImage, oddImageMissing } from "../../support/images/odd-image.js";
import { ociEnc, ociEncProgram } from "../../support/process/oci-enc.js";
import { firstMissing, run, systemPeer } from "../../support/process/peer.js";
import { documentProblem } from "../../support/schemas.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const umoci = systemPeer("umoci");
const skip = oddImageMissing || firstMissing(umoci);
const sealed = `oci:${join(scratch, "sealed")}:odd`;
const keyFile = join(scratch, "key.pem");
let image: string;
let expected: readonly string[];

async function done(...args: Parameters<typeof ociEnc>): Promise<string> {
  const { status, stdout, stderr } = await ociEnc(...args);
  assert.equal(status, 0, stderr);
  return stdout;
}

before(async () => {
  if (skip) return;
  image = buildOddImage(scratch);
  const { status, stderr } = await run(umoci, [
    "unpack",
    "--image",
    image.slice("oci:".length),
    join(scratch, "umoci"),
  ]);
  assert.equal(status, 0, stderr);
  expected = treeListing(join(scratch, "umoci", "rootfs"));
  await done(["key", "generate", "--type", "rsa:2048", "--out", join(scratch, "key")]);
  await done(["encrypt", "-q", "-r", `jwe:${join(scratch, "key.pub.pem")}`, image, sealed]);
});

/** A listing without the root's own line: the tree of an image that others should not reach has another mode there. */
function below(listing: readonly string[]): readonly string[] {
  return listing.filter((line) => !line.startsWith(". type="));
}

test("unpack writes what umoci writes: modes, owners, links, devices, times, attributes", { skip }, async () => {
  const directory = join(scratch, "plain");
  await done(["unpack", image, directory]);
  assert.deepEqual(below(treeListing(directory)), below(expected));
});

test("an encrypted image and its plain twin unpack alike, and it is said that the files are plain", {
  skip,
}, async () => {
  const directory = join(scratch, "opened");
  const { status, stderr } = await ociEnc(["unpack", "-k", keyFile, sealed, directory]);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /UNPACKED_PLAIN/);
  assert.deepEqual(below(treeListing(directory)), below(expected));
});

test("without a key nothing is unpacked: status 7 and ctr-enc's words", { skip }, async () => {
  const directory = join(scratch, "refused");
  const { status, stderr } = await ociEnc(["unpack", sealed, directory]);
  assert.equal(status, 7);
  assert.match(stderr, /you are not authorized to use this image: missing private key needed for decryption/);
  assert.equal(existsSync(directory), false);
});

test("ls lists what unpack writes, and cat prints what it has written", { skip }, async () => {
  const document: unknown = JSON.parse(await done(["ls", "--json", "-k", keyFile, sealed, "/etc"]));
  assert.equal(await documentProblem(document), undefined);
  assert.match(JSON.stringify(document), /"name":"null","kind":"character"/);
  const table = await done(["ls", image, "/"]);
  assert.match(table, /^dr?w?x?.*\n|^MODE/);
  assert.match(table, /lrwxrwxrwx +3:4 .* varlink -> \/var/);
  assert.equal(await done(["cat", "-k", keyFile, sealed, "/varlink/opaque/upper"]), "upper\n");
  const { status } = await ociEnc(["cat", image, "/etc/gone"]);
  assert.equal(status, 3);
});

test("a bundle has the image's command, user, variables and volumes, and none of its own labels", {
  skip,
}, async () => {
  const directory = join(scratch, "bundle");
  const document: unknown = JSON.parse(await done(["unpack", "--json", "--bundle", image, directory]));
  assert.equal(await documentProblem(document), undefined);
  const config = JSON.parse(readFileSync(join(directory, "config.json"), "utf8"));
  assert.deepEqual(config.process.args, ["/bin/busybox", "true"]);
  assert.deepEqual(config.process.user, { uid: 1000, gid: 1000 });
  assert.equal(config.process.cwd, "/work");
  assert.ok(config.process.env.includes("A=b"));
  assert.ok(config.mounts.some(({ destination }: { destination: string }) => destination === "/data"));
  assert.equal(config.annotations.l, undefined);
  assert.equal(config.annotations["org.opencontainers.image.exposedPorts"], "80");
  assert.ok(existsSync(join(directory, "rootfs", "work")));
  const { status } = await ociEnc(["unpack", "--bundle", image, directory]);
  assert.equal(status, 11);
});

test("without root the files are the caller's, and it is said what could not be kept", { skip }, () => {
  const home = join(scratch, "home");
  mkdirSync(home);
  chmodSync(scratch, 0o755);
  execFileSync("chown", ["-R", "65534:65534", home]);
  execFileSync("chmod", ["-R", "a+rX", join(scratch, "layout")]);
  const directory = join(home, "tree");
  const { status, stderr } = spawnSync(process.execPath, [ociEncProgram, "unpack", image, directory], {
    uid: 65534,
    gid: 65534,
    env: { ...process.env, HOME: home },
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  for (const code of ["OWNER_NOT_KEPT", "DEVICE_NOT_MADE", "XATTR_NOT_KEPT"]) assert.match(stderr, new RegExp(code));
  const mine = treeListing(directory, { owners: false, xattrs: false });
  const root = treeListing(join(scratch, "umoci", "rootfs"), { owners: false, xattrs: false });
  const names = (lines: readonly string[]) => lines.map((line) => line.slice(0, line.indexOf(" type=")));
  assert.deepEqual(names(mine), names(root));
  assert.deepEqual(
    mine.filter((line) => !/etc\/(?:null|disk)/.test(line)),
    root.filter((line) => !/etc\/(?:null|disk)/.test(line)),
  );
});

test("unpack leaves nothing beside its directory", { skip }, () => {
  const known = /^(?:storage|run|layout|sealed|umoci|plain|opened|bundle|home|key\.pem|key\.pub\.pem)$/;
  assert.deepEqual(
    readdirSync(scratch).filter((name) => !known.test(name)),
    [],
  );
});
