import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { childEnvironment } from "../process/child-environment.js";

/** Containerd sets it for every stream processor: the media type of the layer. */
const mark = "STREAM_PROCESSOR_MEDIATYPE";

/**
 * Before a failure, keeps standard output open until this process has ended, and a moment longer. Containerd reads to the end
 * of the output, and only then looks whether the process has ended, and what it wrote to standard error. Where nothing came
 * out, it often looks too early, and says "wrong diff id calculated on extraction" instead of our words. Does nothing where
 * containerd is not the reader; without a shell, what containerd says is left to chance.
 */
export function holdOutput(): void {
  // After partial output containerd no longer asks for the reason.
  if (process.env[mark] === undefined || process.stdout.bytesWritten > 0) return;
  const program = "/bin/sh";
  const holder = spawn(program, ["-c", "read -r _; sleep 0.2"], {
    stdio: ["pipe", "inherit", "ignore"],
    cwd: "/",
    env: childEnvironment({ kind: "system tool", program }, { PATH: "/usr/bin:/bin" }),
  });
  holder.on("error", () => {
    // There is no shell here.
  });
  // Its input ends when this process does, and must not keep it alive.
  holder.unref();
  if (holder.stdin instanceof Socket) holder.stdin.unref();
}
