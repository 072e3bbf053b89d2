/** Milliseconds that containerd is given to take note of the failure. */
const grace = 200;

/** Waits for the process of this number to be gone, then for the grace. */
const holder = `
const parent = Number(process.argv[1]);
const look = () => setTimeout(process.ppid === parent ? look : () => {}, process.ppid === parent ? 5 : ${grace});
look();
`;

/**
 * Lets standard output end a moment after this process has, which is about to end with a failure. containerd looks for what a
 * stream processor said as soon as its output has ended: where that is before it has noticed how the process ended, a layer without a byte
 * counts as an empty one, and its client hears of a "wrong diff id" only. For a plain tar layer it is always so. Does nothing when
 * something was written, as containerd then does not ask for the reason, nor where it is not containerd that waits.
 */
export async function outlastOutput(): Promise<void> {
  if (process.env["STREAM_PROCESSOR_MEDIATYPE"] === undefined || process.stdout.bytesWritten > 0) return;
  const { spawn } = await import("node:child_process");
  const script = ["-e", holder, String(process.pid)];
  const child = spawn(process.execPath, script, { stdio: ["ignore", "inherit", "ignore"], env: {} });
  child.on("error", () => {
    // The process fails all the same; only its words may be lost.
  });
  child.unref();
}
