// Puts what the stream processor loads into a few files: containerd starts it once for every layer, and reading some eighty
// modules one by one takes longer than opening a small layer. Run after tsc, by npm run build.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(root, "dist", "ctd-decoder");

/** Stay outside: OpenPGP.js for its licence, the others because they are large and rarely needed, or native. */
const external = ["openpgp", "@grpc/*", "yaml", "pkcs11js"];

/** Starts a thread from a file beside it, so it stays where that file is. */
const lanes = {
  name: "lanes",
  setup(bundler) {
    bundler.onResolve({ filter: /\/lanes\.js$/ }, () => ({ path: "../bytes/lanes.js", external: true }));
  },
};

rmSync(target, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: [join(root, "dist", "decoder", "main.js")],
  outdir: target,
  bundle: true,
  splitting: true,
  minifySyntax: true,
  minifyWhitespace: true,
  platform: "node",
  format: "esm",
  target: "node20",
  external,
  plugins: [lanes],
  metafile: true,
  absWorkingDir: root,
  // protobufjs is CommonJS.
  banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
});

const packages = new Set(
  Object.keys(metafile.inputs).flatMap((file) => file.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1] ?? []),
);
const notices = [...packages].sort().map((name) => `${name}\n\n${licenceOf(name)}`);
writeFileSync(join(target, "LICENSES.txt"), notices.join(`\n\n${"-".repeat(80)}\n\n`));

/** Its text; every package that is bundled must come with one. */
function licenceOf(name) {
  for (const file of ["LICENSE", "LICENSE.md", "LICENSE.txt"]) {
    try {
      return readFileSync(join(root, "node_modules", name, file), "utf8").trim();
    } catch {
      // Under another name, perhaps.
    }
  }
  return `Licence: ${JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).license}`;
}
