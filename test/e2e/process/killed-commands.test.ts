import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { filesWith, temporaryFiles } from "../../kill/audit.js";
import { makeWorld } from "../../kill/world.js";
import { ociEnc, ociEncProgram } from "../../support/process/oci-enc.js";
import { systemPeer } from "../../support/process/peer.js";

/*
 * Commands that are killed at chosen system calls; `make kill` does the same at random ones. What they leave is plain, and
 * has to be told of, and gone after the next command.
 */
const strace = systemPeer("strace");
const keys = join(process.cwd(), "test", "vectors", "jwe-rsa2048", "keys");
const key = ["-k", join(keys, "recipient.pem")];
const seal = ["encrypt", "-q", "--if-encrypted", "skip", "-r", `jwe:${join(keys, "recipient.pub.pem")}`];
const open = ["decrypt", "-q", "--force", ...key];

interface Killed {
  readonly title: string;
  readonly needs: string;
  readonly command: readonly string[];
  /** Right before the first of these calls, on that path if there is one. `PLAIN`: a plain layer. */
  readonly at: readonly [calls: string, path?: string];
  /** Not the first of them, but this one. */
  readonly nth?: number;
  /** What the next command may write in the clear starts with this. */
  readonly plain?: string;
  /** What says that plain content is there. */
  readonly verify?: string;
  readonly next: readonly string[];
}

const cases: readonly Killed[] = [
  {
    title: "an image in a layout that is encrypted in place",
    needs: "plain",
    command: [...seal, "oci:plain:x"],
    at: ["unlink,unlinkat", "plain/blobs/sha256/PLAIN"],
    verify: "oci:plain:x",
    next: [...seal, "oci:plain:x"],
  },
  {
    title: "an image in a directory that is encrypted in place",
    needs: "plain-dir",
    command: [...seal, "dir:plain-dir"],
    at: ["unlink,unlinkat", "plain-dir/PLAIN"],
    verify: "dir:plain-dir",
    next: [...seal, "dir:plain-dir"],
  },
  {
    title: "a layout that is made by decrypt, its blobs in place and its list not",
    needs: "sealed",
    command: [...open, "oci:sealed:x", "oci:new:x"],
    at: ["fsync", "new/blobs/sha256"],
    next: ["copy", "-q", "oci:sealed:x", "oci:new:x"],
  },
  {
    title: "an image that is decrypted in place in a directory, its blobs whole and without their names",
    needs: "sealed-dir",
    command: ["decrypt", "-q", ...key, "dir:sealed-dir"],
    at: ["fsync", "sealed-dir"],
    verify: "dir:sealed-dir",
    next: [...seal, "dir:sealed-dir"],
  },
  {
    title: "an archive that is made by decrypt",
    needs: "sealed",
    command: [...open, "oci:sealed:x", "docker-archive:new.tar:app"],
    at: ["fchmod"],
    next: ["copy", "-q", "oci:sealed:x", "oci-archive:other.tar:x"],
  },
  {
    title: "a tree that is unpacked into an empty directory, its entries in place and its own mode not",
    needs: "empty",
    command: ["unpack", "-q", ...key, "oci:../templates/sealed:x", "empty"],
    at: ["rmdir"],
    next: ["unpack", "-q", ...key, "oci:../templates/sealed:x", "empty"],
    plain: "empty/",
  },
  {
    title: "a tree that is unpacked, whole and without its name",
    needs: "sealed",
    command: ["unpack", "-q", ...key, "oci:sealed:x", "tree"],
    at: ["rename,renameat,renameat2"],
    next: ["unpack", "-q", "oci:sealed:x", "tree"],
  },
  {
    title: "a bundle that is unpacked, whole and without its name",
    needs: "sealed",
    command: ["unpack", "-q", "--bundle", ...key, "oci:sealed:x", "tree"],
    at: ["rename,renameat,renameat2"],
    nth: 2,
    next: ["unpack", "-q", "--bundle", "oci:sealed:x", "tree"],
  },
  {
    title: "a bundle that is unpacked into an empty directory, one of its parts in place",
    needs: "empty",
    command: ["unpack", "-q", "--bundle", ...key, "oci:../templates/sealed:x", "empty"],
    at: ["rename,renameat,renameat2"],
    nth: 3,
    next: ["unpack", "-q", "--bundle", ...key, "oci:../templates/sealed:x", "empty"],
    plain: "empty/",
  },
];

test("faults/51: what killed commands leave in the clear is told of, and gone after the next one", async (t) => {
  if (strace.missing !== false) return t.skip(strace.missing);
  const world = makeWorld();
  t.after(() => spawnSync("rm", ["-rf", world.directory]));
  for (const [index, { title, needs, command, at, nth = 1, verify, next, plain: mayBe }] of cases.entries()) {
    await t.test(title, async () => {
      const round = join(world.directory, String(index));
      mkdirSync(join(round, "tmp"), { recursive: true });
      cpSync(join(world.templates, needs), join(round, needs), { recursive: true });
      const [plain = ""] = filesWith(round, world.marker).map((path) => path.split("/").at(-1));
      // strace counts the calls of each thread.
      const env = { ...process.env, TMPDIR: join(round, "tmp"), UV_THREADPOOL_SIZE: "1" };
      const [calls, path = ""] = at;
      const only = path === "" ? [] : ["-P", join(round, path.replace("PLAIN", plain))];
      const tracing = ["-f", "-qq", "-o", "/dev/null", ...only, "-e", `inject=${calls}:signal=KILL:when=${nth}`];
      const program = [process.execPath, ociEncProgram, ...command];
      const { stderr } = spawnSync("strace", [...tracing, ...program], { cwd: round, env, encoding: "utf8" });
      assert.notDeepEqual(filesWith(round, world.marker), [], `nothing was killed that matters: ${stderr}`);
      if (verify !== undefined) {
        const told = await ociEnc(["verify", verify], { cwd: round, env });
        assert.match(told.stdout, /warning +no-unnamed-plaintext/);
      }
      const { status, stderr: said } = await ociEnc(next, { cwd: round, env });
      // Without a key it fails, and tidies first all the same.
      assert.equal(status, next[0] === "unpack" && mayBe === undefined ? 7 : 0, said);
      const left = filesWith(round, world.marker).filter((file) => mayBe === undefined || !file.startsWith(mayBe));
      assert.deepEqual(left, []);
      assert.deepEqual(temporaryFiles(round), []);
      assert.equal(existsSync(join(round, "tree")), false);
      assert.deepEqual(readdirSync(join(round, "tmp")), []);
    });
  }
});
