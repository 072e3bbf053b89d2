import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { scratchDirectory } from "../support/scratch.js";

const scratch = scratchDirectory();

/** A file, what it must not import, and the rule of docs/architecture.md that says so. */
const forbidden: readonly (readonly [string, string, RegExp])[] = [
  ["errors.ts", "./progress.js", /rule 1/],
  ["progress.ts", "./bytes/progress-meter.js", /rule 1/],
  ["oci/digest.ts", "../progress.js", /rule 1/],
  ["oci/digest.ts", "../bytes/hasher.js", /rule 1/],
  ["bytes/hasher.ts", "../crypt/layer.js", /rule 1/],
  ["crypt/layer.ts", "../transport/transport.js", /rules 1 and 2/],
  ["crypt/schemes/jwe/jwe.ts", "../../../transport/index.js", /rules 1 and 2/],
  ["crypt/layer.ts", "../transform/select.js", /rules 1 and 2/],
  ["transport/index.ts", "../crypt/layer.js", /rules 1 and 2/],
  ["operations/copy.ts", "../doors/index.js", /rule 1/],
  ["transport/layout/source.ts", "../../crypt/envelope.js", /rules 1 and 2/],
  ["transport/layout/source.ts", "../../copy/copy.js", /rules 1 and 2/],
  ["transform/encrypt.ts", "../transport/transport.js", /rules 1 and 4/],
  ["transform/encrypt.ts", "../copy/plan.js", /rules 1 and 4/],
  ["copy/copy.ts", "../transport/index.js", /rule 3/],
  ["copy/copy.ts", "../transform/encrypt.js", /rule 3/],
  ["copy/copy.ts", "../crypt/layer.js", /rules 1 and 4/],
  ["copy/copy.ts", "../cli/main.js", /rules 1 and 4/],
  ["cli/commands/images/encrypt.ts", "../../../crypt/layer.js", /rule 5/],
  ["cli/commands/images/encrypt.ts", "../../../transport/store/tag.js", /rule 5/],
  ["cli/commands/images/encrypt.ts", "../../../oci/platform.js", /rule 5/],
  ["cli/commands/images/encrypt.ts", "../../../transform/encrypt.js", /rule 5/],
  ["decoder/decode.ts", "../transport/index.js", /rule 2/],
  ["decoder/decode.ts", "../unpack/unpack.js", /rule 2/],
  ["unpack/unpack.ts", "../runtime/bundle.js", /rule 1/],
  ["unpack/unpack.ts", "../cli/main.js", /rule 1/],
  ["runtime/bundle.ts", "../copy/copy.js", /rule 1/],
  ["crypt/layer.ts", "../runtime/bundle.js", /rules 1 and 2/],
  ["cli/commands/runtime/run.ts", "../../../runtime/bundle.js", /rule 5/],
  ["crypt/layer.ts", "../operations/copy.js", /rules 1 and 2/],
  ["keys/pem.ts", "../crypt/layer.js", /rule 1/],
  ["tar/tar-writer.ts", "../transport/transport.js", /rule 1/],
  ["files/read-file.ts", "../transport/transport.js", /rule 1/],
  ["sign/attach.ts", "../crypt/layer.js", /rule 1/],
  ["operations/copy.ts", "../cli/main.js", /rule 1/],
  ["a-new-folder/file.ts", "../oci/digest.js", /rule 1/],
  ["runtime/bundle.ts", "protobufjs/minimal.js", /rule 6/],
  ["crypt/layer.ts", "protobufjs/minimal.js", /rule 6/],
  ["crypt/layer.ts", "smol-toml", /rule 6/],
  ["crypt/layer.ts", "jose", /rule 6/],
  ["crypt/schemes/pgp/pgp.ts", "jose", /rule 6/],
  ["transport/layout/source.ts", "tar-stream", /rule 6/],
  ["cli/main.ts", "jose", /rule 6/],
  ["copy/copy.ts", "chalk", /rule 6/],
  ["bytes/hasher.ts", "commander", /rule 6/],
  ["transport/index.ts", "fzstd", /rule 6/],
];

const allowed: readonly (readonly [string, string])[] = [
  ["cli/commands/images/encrypt.ts", "../../../doors/crypt.js"],
  ["cli/commands/images/encrypt.ts", "../../../doors/index.js"],
  ["cli/commands/images/encrypt.ts", "../../../doors/internal.js"],
  ["cli/main.ts", "commander"],
  // Its name is that of a folder which the command line may not import.
  ["cli/commands/keys/key-generate.ts", "../runtime/runtime-check.js"],
  ["operations/sign.ts", "../copy/copy.js"],
  ["transport/registry/config/registries-d.ts", "yaml"],
  ["transport/registry/config/registries-d.ts", "undici"],
  ["copy/copy.ts", "../transport/transport.js"],
  ["copy/copy.ts", "../transform/layer-transform.js"],
  ["crypt/schemes/jwe/jwe.ts", "jose"],
  ["bytes/hasher.ts", "fzstd"],
  ["decoder/payload.ts", "protobufjs/minimal.js"],
  ["runtime/bundle.ts", "../unpack/unpack.js"],
  ["runtime/bundle.ts", "../decoder/keys-directory.js"],
];

const forms = (target: string) => [
  `import { x } from "${target}";`,
  `import type { x } from "${target}";`,
  `export const x = import("${target}");`,
];

test("the lint refuses every import against the arrows, of values, of types and late", async () => {
  const cases = [
    ...forbidden.flatMap(([file, target, rule]) => forms(target).map((line) => ({ file, line, rule }))),
    ...allowed.flatMap(([file, target]) => forms(target).map((line) => ({ file, line, rule: undefined }))),
  ];
  const files = new Map(cases.map(({ file }) => [file, cases.filter((entry) => entry.file === file)]));
  const found = await lint(files);
  for (const { file, line, rule } of cases) {
    const said = found.get(`${file}: ${line}`);
    if (rule === undefined) assert.equal(said, undefined, `${file}: ${line}`);
    else assert.match(said ?? "nothing", rule, `${file}: ${line}`);
  }
});

/** What the lint says, by file and line of code. */
async function lint(
  files: ReadonlyMap<string, readonly { readonly line: string }[]>,
): Promise<ReadonlyMap<string, string>> {
  for (const name of ["package.json", "biome.json", "biome.imports.json"]) await copyFile(name, join(scratch, name));
  await symlink(join(process.cwd(), "node_modules"), join(scratch, "node_modules"));
  for (const [file, cases] of files) {
    const path = join(scratch, "src", file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, cases.map(({ line }) => line).join("\n"));
  }
  const biome = join(process.cwd(), "node_modules", "@biomejs", "biome", "bin", "biome");
  const args = ["lint", "--only=style/noRestrictedImports", "--reporter=github", "--max-diagnostics=none", "src"];
  const { stdout } = spawnSync(process.execPath, [biome, ...args], { cwd: scratch, encoding: "utf8" });
  const diagnostics = [...stdout.matchAll(/file=(?:.*\/)?src\/([^,]+),line=(\d+),.*?::(.*)/g)];
  return new Map(
    diagnostics.map(([, file = "", line, message = ""]) => [
      `${file}: ${files.get(file)?.[Number(line) - 1]?.line}`,
      message,
    ]),
  );
}
