import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { decoderProgram } from "../../support/runtime/decoder.js";

test("when it fails below containerd, its output ends after the process has ended and its words can be read", async () => {
  const happened = await eventsOf({ STREAM_PROCESSOR_MEDIATYPE: "application/vnd.oci.image.layer.v1.tar+encrypted" });
  assert.deepEqual(happened, ["USAGE: unknown option", "ended with 1", "end of output"]);
});

/** What happens to a decoder that is called wrongly, in its order. */
async function eventsOf(environment: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const child = spawn(process.execPath, [decoderProgram, "--wrong"], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  const happened: string[] = [];
  child.stdout.on("end", () => happened.push("end of output")).resume();
  child.stderr.setEncoding("utf8").on("data", (text: string) => happened.push(text.slice(0, 21)));
  child.on("exit", (status) => happened.push(`ended with ${status}`));
  await new Promise((resolve) => child.on("close", resolve));
  return happened;
}
