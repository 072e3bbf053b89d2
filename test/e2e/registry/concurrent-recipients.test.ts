import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { copyImage, encryptLayers, inspectImage } from "../../../src/doors/index.js";
import { openTarget } from "../../../src/doors/transport.js";
import { bringImage } from "../../support/images/bring-image.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { person } from "../../support/keys/people.js";
import { scratchDirectory } from "../../support/scratch.js";

const program = fileURLToPath(new URL("../../support/programs/edit-when-told.js", import.meta.url));
const scratch = scratchDirectory();
const people = ["alice", "bob", "carol"];

/** A sealed image, for alice alone. */
async function seal(reference: string): Promise<void> {
  const place = new MemoryPlace();
  const layers = [{ mediaType: "application/vnd.oci.image.layer.v1.tar", bytes: Buffer.from("content") }];
  {
    await using target = await openTarget(reference);
    await bringImage(place, addImage(place, { layers }), target);
  }
  const transform = await encryptLayers({ keys: [person("alice").encryption] });
  await copyImage(reference, reference, { transform });
}

async function writeKeys(): Promise<void> {
  await mkdir(scratch, { recursive: true });
  for (const name of people) {
    await writeFile(join(scratch, `${name}.jwk`), person(name).encryption.value);
    await writeFile(join(scratch, `${name}.pem`), person(name).decryption.value);
  }
}

function editor(reference: string, recipient: string): ChildProcess {
  const args = [program, reference, join(scratch, "alice.pem"), join(scratch, `${recipient}.jwk`)];
  const env = { ...process.env, OCI_ENC_STORE: join(scratch, "store") };
  return spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"], env });
}

for (const [where, reference] of [
  ["a layout", `oci:${join(scratch, "layout")}:app`],
  ["the store", "app:1"],
] as const) {
  test(`faults/43: of two processes that edit one image of ${where} at once, one wins and the other ends with 11`, async () => {
    process.env["OCI_ENC_STORE"] = join(scratch, "store");
    await writeKeys();
    for (let round = 0; round < 3; round += 1) {
      await seal(reference);
      const editors = [editor(reference, "bob"), editor(reference, "carol")];
      await Promise.all(editors.map(({ stdout }) => stdout && once(stdout, "data")));
      const statuses = Promise.all(editors.map(async (child) => (await once(child, "exit"))[0]));
      for (const { stdin } of editors) stdin?.end("go\n");
      const ended = await statuses;
      assert.deepEqual(ended.toSorted(), [0, 11]);
      const winner = ended[0] === 0 ? "bob" : "carol";
      const { manifests } = await inspectImage(reference);
      assert.deepEqual(
        manifests[0]?.layers[0]?.recipients.map(({ id }) => id),
        ["alice", winner],
      );
    }
  });
}
