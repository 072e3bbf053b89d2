import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { ociEncProgram } from "../../support/process/oci-enc.js";
import { decoderProgram } from "../../support/runtime/decoder.js";

/** Runs a decoder that fails before its first byte; gives what ended last of the process and its output. */
async function lastToEnd(program: readonly string[], variables: NodeJS.ProcessEnv): Promise<string | undefined> {
  const env = { ...process.env, ...variables };
  const child = spawn(process.execPath, [...program, "--content-root", "/nonexistent"], {
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

for (const program of [[decoderProgram], [ociEncProgram, "decoder"]]) {
  test(`${program.length === 1 ? "ctd-decoder" : "oci-enc decoder"}: containerd's look at why there was no output comes after the process has ended`, async () => {
    const mediaType = "application/vnd.oci.image.layer.v1.tar+encrypted";
    assert.equal(await lastToEnd(program, { STREAM_PROCESSOR_MEDIATYPE: mediaType }), "output");
  });
}
