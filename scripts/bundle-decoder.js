// Puts what the stream processor loads into one file: containerd starts it once for every layer, and reading some eighty
// modules one by one takes longer than opening a small layer. Run after tsc, by npm run build.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(root, "dist", "ctd-decoder");

/** Stay outside: OpenPGP.js for its licence, the others because they are large and rarely needed, or native. */
const external = ["openpgp", "@grpc/*", "yaml", "pkcs11js", "age-encryption", "bcrypt-pbkdf"];

/** Large numbers of protobuf, which the payload has none of; protobufjs goes without. */
const withoutLong = {
  name: "without-long",
  setup(bundler) {
    bundler.onResolve({ filter: /^long$/ }, () => ({ path: "long", namespace: "nothing" }));
    bundler.onLoad({ filter: /.*/, namespace: "nothing" }, () => ({ contents: "module.exports = undefined;" }));
  },
};

rmSync(target, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: [join(root, "dist", "decoder", "main.js")],
  // CommonJS starts faster than ES modules do.
  outfile: join(target, "main.js"),
  format: "cjs",
  platform: "node",
  target: "node20",
  bundle: true,
  // Half of the time that is left is for reading it.
  minify: true,
  external,
  plugins: [withoutLong],
  // The thread that hashes large layers is started from a file of its own.
  define: { "import.meta.url": "besideLanes" },
  banner: {
    js: 'const besideLanes=require("node:url").pathToFileURL(require("node:path").join(__dirname,"../bytes/hash-worker/hash-worker.js")).href;',
  },
  metafile: true,
  absWorkingDir: root,
});

writeFileSync(join(target, "package.json"), '{ "type": "commonjs" }\n');

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
