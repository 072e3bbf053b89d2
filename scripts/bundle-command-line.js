// Puts the modules of the command line, and of the image verifier, into a few files: reading some four hundred of them one by one takes longer than many a
// command. What is loaded on demand stays in files of its own, and packages stay outside. Run after tsc, by npm run build.
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(root, "dist", "command-line");

rmSync(target, { recursive: true, force: true });
await build({
  // The thread that hashes is started from a file beside the one that starts it. Containerd starts its image verifier for each pull.
  entryPoints: {
    main: join(root, "dist", "cli", "main.js"),
    "hash-thread": join(root, "dist", "bytes", "hash-worker", "hash-thread.js"),
    "image-verifier": join(root, "dist", "runtime", "verifier", "main.js"),
  },
  outdir: target,
  entryNames: "[name]",
  chunkNames: "[hash]",
  format: "esm",
  platform: "node",
  target: "node20",
  bundle: true,
  splitting: true,
  packages: "external",
  absWorkingDir: root,
});
