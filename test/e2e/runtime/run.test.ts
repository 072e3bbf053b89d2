import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { before, test } from "node:test";
import { writeHostileImage } from "../../support/images/hostile-image.js";
import { ociEnc, ociEncProgram } from "../../support/process/oci-enc.js";
import { firstMissing, systemPeer } from "../../support/process/peer.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const plain = `oci:${join(scratch, "images")}:hostile`;
const sealed = `oci:${join(scratch, "sealed")}:hostile`;
const temporary = join(scratch, "tmp");
const privateKey = join(process.cwd(), "test", "vectors", "jwe-rsa2048", "keys", "recipient.pem");
const needed = firstMissing(systemPeer("busybox"), systemPeer("unshare"), systemPeer("setpriv"));
const missing = process.geteuid?.() === 0 ? needed : "it has to be started by root";

// crun wants one form of cgroups: where there are both, the unified one goes, in a mount namespace of our own.
const oneForm = 'mountpoint -q /sys/fs/cgroup/cpu && umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"';
const runtimes = [
  { name: "runc", around: [] },
  { name: "crun", around: ["unshare", "-m", "sh", "-c", oneForm, "sh"] },
] as const;

const users = [
  { name: "root", around: ["setpriv", "--groups", "6,27", "--"], first: 1_879_048_192, count: 65_536 },
  {
    name: "a user",
    around: ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"],
    first: 0,
    count: 1,
  },
] as const;

/** `run` with a runtime and around it. */
function start(around: readonly string[], args: readonly string[], path = process.env["PATH"]): ChildProcess {
  const [program = "", ...rest] = [...around, process.execPath, ociEncProgram, "run", ...args];
  const env = { ...process.env, TMPDIR: temporary, HOME: temporary, PATH: path };
  return spawn(program, rest, { env, stdio: ["pipe", "pipe", "pipe"] });
}

async function outcome(child: ChildProcess, input = "") {
  assert.ok(child.stdin && child.stdout && child.stderr);
  child.stdin.end(input);
  const status = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, stdout, stderr };
}

before(async () => {
  if (missing) return;
  mkdirSync(temporary);
  chmodSync(temporary, 0o1777);
  chmodSync(scratch, 0o755);
  await writeHostileImage(plain);
  const keys = join(process.cwd(), "test", "vectors", "jwe-rsa2048", "keys", "recipient.pub.pem");
  const { status, stderr } = await ociEnc(["encrypt", "-q", "-r", `jwe:${keys}`, plain, sealed]);
  assert.equal(status, 0, stderr);
  execFileSync("chmod", ["-R", "a+rX", scratch]);
});

for (const runtime of runtimes) {
  for (const user of users) {
    const skip = missing || firstMissing(systemPeer(runtime.name));
    test(`no way leads out of a container of ${runtime.name}, started by ${user.name}`, { skip }, async () => {
      const owner = statSync("/dev/null").uid;
      const child = start([...runtime.around, ...user.around], ["--runtime", runtime.name, plain]);
      const { status, stdout, stderr } = await outcome(child, "words\n");
      assert.equal(status, 0, stderr);
      const [ways = "", facts = ""] = stdout.split("facts\n");
      assert.equal(ways, "");
      assert.match(facts, /NoNewPrivs:\t1\nSeccomp:\t2/);
      assert.match(facts, /CapBnd:\t00000000000405fb/);
      assert.match(facts, new RegExp(`map +0 +${user.first} +${user.count}\n`));
      assert.match(facts, /groups Groups:\t(?:0|65534)? *\n/);
      assert.match(facts, user.count === 1 ? /owner 0:0/ : /owner 65534:65534/);
      assert.match(facts, /null 65534\ninput words\n/);
      assert.match(stderr, /^words$/m);
      for (const left of ["/sneak", "/sys/fs/cgroup", "/proc", "/", "relative"]) {
        assert.ok(stderr.includes(`volume ${JSON.stringify(left)} is left out`), left);
      }
      assert.match(stderr, /3 device nodes are empty files.*DEVICE_NOT_MADE/);
      assert.equal(statSync("/dev/null").uid, owner);
      assert.deepEqual(readdirSync(temporary), []);
    });
  }
}

const crun = missing || firstMissing(systemPeer("crun"));

test("a file that is the input can be read inside, and not opened anew to write to it", { skip: crun }, () => {
  const input = join(scratch, "input");
  writeFileSync(input, "precious\n");
  chownSync(input, 65_534, 65_534);
  const descriptor = openSync(input, "r");
  const around = [...runtimes[1].around, ...users[1].around, "timeout", "-s", "KILL", "30", process.execPath];
  const script = "cat; echo overwritten >/proc/self/fd/0";
  const [program = "", ...args] = [...around, ociEncProgram, "run", "--runtime", "crun", plain, "sh", "-c", script];
  const env = { ...process.env, TMPDIR: temporary, HOME: temporary };
  const { stdout, stderr } = spawnSync(program, args, { env, stdio: [descriptor, "pipe", "pipe"], encoding: "utf8" });
  closeSync(descriptor);
  assert.equal(stdout, "precious\n", stderr);
  assert.equal(readFileSync(input, "utf8"), "precious\n");
});

const runc = missing || firstMissing(systemPeer("runc"));

test("without a user namespace it says so each time, and there is still no way out", { skip: runc }, async () => {
  const { status, stdout, stderr } = await outcome(start([], ["--no-user-namespace", "--runtime", "runc", plain]));
  assert.equal(status, 0, stderr);
  assert.match(stderr, /root of the container is root of this machine.*NO_USER_NAMESPACE/);
  const [ways, facts = ""] = stdout.split("facts\n");
  assert.equal(ways, "");
  assert.match(facts, /CapEff:\t0000000000000420\nCapBnd:\t0000000000000420/);
});

/** The processes whose command line this is. */
function processesOf(...command: readonly string[]): readonly number[] {
  const line = `${command.join("\0")}\0`;
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return ids.map(Number).filter((id) => {
    try {
      return readFileSync(`/proc/${id}/cmdline`, "utf8") === line;
    } catch {
      return false;
    }
  });
}

async function until(holds: () => boolean): Promise<void> {
  for (const limit = Date.now() + 15_000; Date.now() < limit && !holds(); ) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(holds());
}

for (const user of users) {
  test(`when oci-enc of ${user.name} is killed, nothing of it stays: no process, no file`, { skip: runc }, async () => {
    const length = `4${process.pid}${user.count}`;
    const child = start(user.around, ["-k", privateKey, "--runtime", "runc", sealed, "sleep", length]);
    const ended = outcome(child);
    await until(() => processesOf("sleep", length).length === 1);
    child.kill("SIGKILL");
    await ended;
    await until(() => processesOf("sleep", length).length === 0);
    assert.deepEqual(readdirSync(temporary), []);
    assert.equal(existsSync("/dev/shm/rootfs"), false);
  });
}

test("what is too large for memory goes to disk, and with the next run when it is killed", { skip: runc }, async () => {
  const large = `oci:${join(scratch, "large")}:hostile`;
  await writeHostileImage(large, 257 * 2 ** 20);
  const length = `5${process.pid}`;
  const child = start([], ["--limit-ratio", "10000", large, "sleep", length]);
  const ended = outcome(child);
  await until(() => processesOf("sleep", length).length === 1);
  const [left = "", ...more] = readdirSync(temporary);
  assert.match(left, /^oci-enc-run-/);
  assert.deepEqual(more, []);
  assert.equal(statSync(join(temporary, left)).mode & 0o777, 0o700);
  child.kill("SIGKILL");
  await ended;
  await until(() => processesOf("sleep", length).length === 0);
  assert.equal((await outcome(start([], [plain, "true"]))).status, 0);
  assert.deepEqual(readdirSync(temporary), []);
});

test("without util-linux an encrypted image is on disk while it runs, and that is said", { skip: runc }, async () => {
  const few = join(scratch, "few");
  mkdirSync(few);
  for (const name of ["sh", "cat", "mkfifo"]) {
    symlinkSync(spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim(), join(few, name));
  }
  const args = ["-k", privateKey, "--runtime", "runc", sealed, "sh", "-c", "read -r line; echo $line; exit 6"];
  const { status, stdout, stderr } = await outcome(start([], args, few), "words\n");
  assert.deepEqual({ status, stdout }, { status: 6, stdout: "words\n" }, stderr);
  assert.match(stderr, /files are on disk while it runs: .*PLAIN_ON_DISK/);
  assert.deepEqual(readdirSync(temporary), []);
});

test("signals reach the process, a broken pipe ends it, and its status is passed on", { skip: runc }, async () => {
  const trap = start(
    [],
    [plain, "sh", "-c", "trap 'echo heard; exit 9' TERM; echo ready; while :; do sleep 0.1; done"],
  );
  trap.stdout?.once("data", () => trap.kill("SIGTERM"));
  assert.deepEqual({ ...(await outcome(trap)), stderr: "" }, { status: 9, stdout: "ready\nheard\n", stderr: "" });
  const yes = start([], [plain, "yes"]);
  yes.stdout?.once("data", () => yes.stdout?.destroy());
  const ended = new Promise<number | null>((resolve) => yes.once("close", resolve));
  assert.notEqual(await ended, 0);
  assert.equal((await outcome(start([], [plain, "sh", "-c", "exit 7"]))).status, 7);
});

test("a kept bundle belongs to the container's ids, and runs again without oci-enc", { skip: runc }, async () => {
  const bundle = join(scratch, "kept");
  const { status, stderr } = await outcome(start([], ["--keep", bundle, "--runtime", "runc", plain, "true"]));
  assert.equal(status, 0, stderr);
  assert.equal(statSync(join(bundle, "rootfs", "probe")).uid, 1_879_048_192);
  assert.equal(statSync(bundle).mode & 0o777, 0o700);
  const args = ["--root", join(scratch, "state"), "run", "--bundle", bundle, `oci-enc-test-${process.pid}`];
  const again = spawnSync("runc", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  assert.equal(again.status, 0, again.stderr);
});
