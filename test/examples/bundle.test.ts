import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";

test("a program that imports one function is bundled without the rest of the library", async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: 'import { parsePlatform } from "oci-enc"; console.log(parsePlatform("linux/amd64"));',
      resolveDir: join(process.cwd(), "examples"),
    },
    bundle: true,
    platform: "node",
    format: "esm",
    write: false,
    logLevel: "error",
  });
  const [{ text = "" } = {}] = outputFiles;
  assert.match(text, /function parsePlatform/);
  assert.ok(text.length < 20_000, `${text.length} bytes`);
});
