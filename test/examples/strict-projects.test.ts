import assert from "node:assert/strict";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { scratchDirectory } from "../support/scratch.js";

/** Projects of users: the package with the types of Node that they have installed, and how they resolve modules. */
const projects = [
  { node: 20, types: "@types/node", resolution: "nodenext" },
  { node: 22, types: "types-node-22", resolution: "bundler" },
  { node: 24, types: "types-node-24", resolution: "nodenext" },
  { node: 26, types: "types-node-26", resolution: "bundler" },
] as const;

const resolutions: Readonly<Record<(typeof projects)[number]["resolution"], ts.CompilerOptions>> = {
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
};

const strict: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2022.d.ts", "lib.esnext.disposable.d.ts"],
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
};

const scratch = scratchDirectory();

for (const { node, types, resolution } of projects) {
  test(`examples and declarations are right in a strict project (${resolution}) with the types of Node ${node}`, async () => {
    const directory = join(scratch, String(node));
    await writeProject(directory, types);
    const wrong = complaints(directory, { ...strict, ...resolutions[resolution] });
    assert.deepEqual(wrong, []);
  });
}

test("a mistake in such a project is found", async () => {
  const directory = join(scratch, "mistake");
  await writeProject(directory, "@types/node");
  const line =
    'import { parsePlatform } from "oci-enc";\nexport const platform: string = parsePlatform("linux/amd64");\n';
  await writeFile(join(directory, "src", "mistake.ts"), line);
  const found = complaints(directory, { ...strict, ...resolutions.nodenext });
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /mistake\.ts: Type 'Platform' is not assignable to type 'string'/);
});

/** The declarations of the build, installed as a package, beside the examples as sources. */
async function writeProject(directory: string, types: string): Promise<void> {
  const installed = join(directory, "node_modules", "oci-enc");
  await mkdir(installed, { recursive: true });
  await cp("package.json", join(installed, "package.json"));
  const wanted = (path: string) => path.endsWith(".d.ts") || !/\.[^./]+$/.test(path);
  await cp("dist", join(installed, "dist"), { recursive: true, filter: wanted });
  await mkdir(join(directory, "node_modules", "@types"));
  await symlink(join(process.cwd(), "node_modules", types), join(directory, "node_modules", "@types", "node"));
  await writeFile(join(directory, "package.json"), '{ "type": "module" }');
  await cp(join("examples", "library"), join(directory, "src"), { recursive: true });
}

/** What the compiler has to say of a project's sources and of all declarations that they load. */
function complaints(directory: string, options: ts.CompilerOptions): readonly string[] {
  const sources = ts.sys.readDirectory(join(directory, "src"), [".ts"]);
  const host = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => directory;
  const program = ts.createProgram(sources, options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    return `${file?.fileName ?? "the project"}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
}
