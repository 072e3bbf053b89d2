import { execFile } from "node:child_process";
import { basename, delimiter, isAbsolute, join } from "node:path";
import { childEnvironment } from "../../../process/child-environment.js";
import { isExecutable } from "../../../process/find-program.js";
import type { StreamProcessor } from "../stream-processors.js";
import { good, type NodeFinding, warning, wrong } from "./finding.js";

/** What systemd gives a service as PATH, if its unit says nothing else. */
const servicePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const install =
  "make install in a clone of oci-enc installs ctd-decoder; containerd must find it on its own PATH, so an absolute path is safest";

/** Longer than Node needs to start on a busy machine, in milliseconds. */
const answerTime = 20_000;

/**
 * The programs that stream processors name: whether they are there, start in a service's environment, and find a layer without
 * a payload. `payloadless`: who asks for that here; undefined: nobody whose images this node runs.
 */
export async function checkDecoders(
  processors: readonly (readonly [id: string, StreamProcessor])[],
  payloadless: string | undefined,
): Promise<readonly NodeFinding[]> {
  const unique = new Map(processors.map(([, one]) => [JSON.stringify([one.path, subcommand(one), pathOf(one)]), one]));
  const findings = await Promise.all([...unique.values()].map((one) => checkDecoder(one, payloadless)));
  return findings.flat();
}

async function checkDecoder(
  processor: StreamProcessor,
  payloadless: string | undefined,
): Promise<readonly NodeFinding[]> {
  const program = await locate(processor);
  if (program === undefined) {
    const message = `${JSON.stringify(processor.path)}, which the configuration names as the decoder, does not exist or is not executable`;
    return [wrong("decoder", message, install)];
  }
  const { path, elsewhere } = program;
  const findings: NodeFinding[] = [];
  if (elsewhere) {
    const message = `${path} is on this PATH, and not on the one that systemd gives to services`;
    findings.push(
      warning("decoder", message, `name it by its path in containerd's configuration: path = ${JSON.stringify(path)}`),
    );
  }
  const arg = [...subcommand(processor), "--help"];
  if (!isDecoder(processor)) {
    const message = `${path} is not called ctd-decoder or oci-enc, so it was not started: whether it decrypts is not known`;
    return [...findings, good("decoder", message)];
  }
  const help = await askHelp(path, arg, pathOf(processor));
  if (help !== undefined) return [...findings, judgeHelp(help, path, payloadless)];
  const here = await askHelp(path, arg, process.env["PATH"] ?? servicePath);
  const remedy = "it needs node in /usr/local/bin or /usr/bin, or a line PATH=… in the processor's env";
  if (here === undefined) return [...findings, wrong("decoder", `${path} does not start`, remedy)];
  const message = `${path} starts with this PATH, and not with the one that systemd gives to services`;
  return [...findings, warning("decoder", message, remedy), judgeHelp(here, path, payloadless)];
}

/** By its help, which names the option for a place to look in; every ctd-decoder has a help, and does nothing else then. */
function judgeHelp(help: string, path: string, payloadless: string | undefined): NodeFinding {
  if (help.includes("--content-root")) return good("decoder", `${path}, which decrypts with and without a payload`);
  const message = `${path} cannot decrypt without a payload`;
  if (payloadless === undefined) return good("decoder", `${message}; the pulls of this node send one`);
  return wrong("decoder", `${message}, and ${payloadless} sends none`, install);
}

/** What a program prints for `--help`, without input. Undefined: it does not start, or fails. */
function askHelp(program: string, args: readonly string[], path: string): Promise<string | undefined> {
  const env = childEnvironment({ kind: "system tool", program }, { PATH: path });
  return new Promise((done) => {
    const child = execFile(program, args, { env, timeout: answerTime, maxBuffer: 2 ** 20 }, (error, stdout) => {
      done(error === null ? stdout : undefined);
    });
    child.stdin?.on("error", () => {
      // It ended without reading: its status tells.
    });
    child.stdin?.end();
  });
}

/** Where containerd would find the program; `elsewhere`: this process finds it, and a service would not. */
export async function locate(
  processor: StreamProcessor,
): Promise<{ readonly path: string; readonly elsewhere: boolean } | undefined> {
  const { path } = processor;
  if (isAbsolute(path)) return (await isExecutable(path)) ? { path, elsewhere: false } : undefined;
  const service = await onPath(path, servicePath);
  if (service !== undefined) return { path: service, elsewhere: false };
  const here = await onPath(path, process.env["PATH"] ?? "");
  return here === undefined ? undefined : { path: here, elsewhere: true };
}

async function onPath(name: string, path: string): Promise<string | undefined> {
  for (const directory of path.split(delimiter)) {
    const candidate = join(directory, name);
    if (directory !== "" && (await isExecutable(candidate))) return candidate;
  }
  return undefined;
}

/** `oci-enc decoder` is the decoder, too. */
function subcommand({ path, args }: StreamProcessor): readonly string[] {
  return /^oci-enc/.test(basename(path)) && args[0] === "decoder" ? ["decoder"] : [];
}

/** A stranger's program is not started: nothing is known of what it does with an option. */
function isDecoder(processor: StreamProcessor): boolean {
  return basename(processor.path).startsWith("ctd-decoder") || subcommand(processor).length > 0;
}

/** The entry's own PATH comes after containerd's, and counts. */
function pathOf({ env }: StreamProcessor): string {
  return env.findLast((one) => one.startsWith("PATH="))?.slice("PATH=".length) ?? servicePath;
}
