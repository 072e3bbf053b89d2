import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, chown, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { findConfiguration } from "../../../../src/cli/configuration/configuration-file.js";
import { expectedError } from "../../../support/expected-error.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();
const notRoot = process.getuid?.() !== 0 && "only root can give files away";

async function place(name: string, modes: { readonly file?: number; readonly directory?: number } = {}) {
  const directory = join(scratch, name);
  await mkdir(directory);
  const path = join(directory, "config.toml");
  await writeFile(path, "# nothing\n");
  await chmod(path, modes.file ?? 0o644);
  await chmod(directory, modes.directory ?? 0o755);
  return path;
}

test("a file that its owner alone can write is read, also in a directory with the sticky bit, and by a link", async () => {
  for (const [name, modes] of [
    ["usual", {}],
    ["private", { file: 0o600, directory: 0o700 }],
    ["read-only", { file: 0o444 }],
    ["sticky", { directory: 0o1777 }],
  ] as const) {
    const path = await place(name, modes);
    assert.deepEqual(await findConfiguration(path), { path, text: "# nothing\n" }, name);
  }
  const link = join(scratch, "private", "link.toml");
  await symlink(join(scratch, "usual", "config.toml"), link);
  assert.equal((await findConfiguration(link))?.path, link);
});

test("a file that others can write, or whose directory they can, is refused with what mends it", async () => {
  for (const [name, modes, hint] of [
    ["group-file", { file: 0o664 }, /^chmod go-w ".*group-file\/config\.toml"$/],
    ["others-file", { file: 0o646 }, /^chmod go-w ".*config\.toml"$/],
    ["group-directory", { directory: 0o775 }, /^chmod go-w ".*group-directory"$/],
    ["others-directory", { directory: 0o757 }, /^chmod go-w ".*others-directory"$/],
  ] as const) {
    const refused = expectedError("USAGE", /can be written by others than its owner/, hint);
    await assert.rejects(findConfiguration(await place(name, modes)), refused, name);
  }
});

test("a link does not hide the directory of the file that it leads to", async () => {
  const path = await place("open", { directory: 0o777 });
  const link = join(scratch, "safe.toml");
  await symlink(path, link);
  await assert.rejects(findConfiguration(link), expectedError("USAGE", /its directory ".*open" can be written/));
});

test("a file, or a directory, of another user is refused, and one of root is not", { skip: notRoot }, async () => {
  const [file, directory] = [await place("foreign-file"), await place("foreign-directory")];
  await chown(file, 12_345, 12_345);
  await chown(join(scratch, "foreign-directory"), 12_345, 12_345);
  await assert.rejects(findConfiguration(file), expectedError("USAGE", /: it belongs to another user/, /^chown 0 /));
  await assert.rejects(findConfiguration(directory), expectedError("USAGE", /its directory .* belongs to another/));
});

test("what is not a file, or too large for one, is refused without a wait", async () => {
  const pipe = join(scratch, "pipe");
  execFileSync("mkfifo", [pipe]);
  await assert.rejects(findConfiguration(pipe), expectedError("USAGE", /not a regular file/));
  await assert.rejects(findConfiguration(scratch), expectedError("USAGE", /not a regular file/));
  const large = await place("large");
  await writeFile(large, "#".repeat(256 * 1024 + 1));
  await assert.rejects(findConfiguration(large), expectedError("USAGE", /more than 262144 bytes/));
});

test("a file that was named has to exist, the usual one has not, and none is none", async () => {
  await assert.rejects(findConfiguration(join(scratch, "absent.toml")), expectedError("NOT_FOUND", /absent\.toml/));
  assert.equal(await findConfiguration("none"), undefined);
  const before = process.env["XDG_CONFIG_HOME"];
  process.env["XDG_CONFIG_HOME"] = join(scratch, "nowhere");
  try {
    assert.equal(await findConfiguration(undefined), undefined);
    process.env["XDG_CONFIG_HOME"] = scratch;
    const path = await place("oci-enc");
    assert.deepEqual(await findConfiguration(undefined), { path, text: "# nothing\n" });
  } finally {
    if (before === undefined) delete process.env["XDG_CONFIG_HOME"];
    else process.env["XDG_CONFIG_HOME"] = before;
  }
});
