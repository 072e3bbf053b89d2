import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { decoderProgram } from "../../support/runtime/decoder.js";

/** Runs a decoder that fails before its first byte; gives what ended last of the process and its output. */
async function lastToEnd(variables: NodeJS.ProcessEnv): Promise<string | undefined> {
  const env = { ...process.env, ...variables };
  const child = spawn(process.execPath, [decoderProgram, "--content-root", "/nonexistent"], {
    stdio: ["ignore", "pipe", "pipe"],
    env,
  });
  const ended: string[] = [];
  const exited = once(child, "exit").then(() => ended.push("process"));
  const said = once(child.stderr.resume(), "end").then(() => ended.push("words"));
  const put = once(child.stdout.resume(), "end").then(() => ended.push("output"));
  await Promise.all([exited, said, put]);
  assert.equal(child.exitCode, 1);
  return ended.at(-1);
}

test("containerd's look at why there was no output comes after the process has ended", async () => {
  const mediaType = "application/vnd.oci.image.layer.v1.tar+encrypted";
  assert.equal(await lastToEnd({ STREAM_PROCESSOR_MEDIATYPE: mediaType }), "output");
});
