import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestNode } from "../../../support/runtime/test-node.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();

test("CRI-O has to have keys, and no links among them", async () => {
  const node = new TestNode(scratch);
  node.configure(1);
  const keys = (path: string) => `[crio.runtime]\ndecryption_keys_path = ${JSON.stringify(path)}\n`;
  const found = () => node.found({ runtime: "crio", crio: "1.33.0" });
  node.write("crio.conf", keys("/nonexistent"));
  assert.match(await found(), /^crio wrong: CRI-O 1\.33\.0 has no keys: "\/nonexistent" does not exist/m);
  node.write("crio.conf.d/10-decryption.conf", keys(node.keysPath));
  assert.match(await found(), /^crio good: CRI-O 1\.33\.0, with keys in/m);
  symlinkSync("node.pem", join(node.keysPath, "link.pem"));
  assert.match(await found(), /^crio wrong: .*refuses all keys, as .*link\.pem" is a link/m);
  rmSync(node.keysPath, { recursive: true });
  mkdirSync(node.keysPath);
  assert.match(await found(), /^crio wrong: .* has no key in/m);
  node.write("crio.conf.d/20-broken.conf", "[crio");
  assert.match(await found(), /^crio wrong: .*20-broken\.conf": it is not TOML/m);
});
