import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const examples = join(process.cwd(), "examples", "keyprovider");

/** The example providers, configured in a directory, as OCICRYPT_KEYPROVIDER_CONFIG wants it. */
export interface ConfiguredProviders {
  /** The environment that names the configuration. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly configuration: string;
  readonly key: string;
}

/** Writes a configuration; without entries it lists the example command, as `example`. */
export function configureProviders(
  directory: string,
  entries?: Readonly<Record<string, unknown>>,
): ConfiguredProviders {
  const [configuration, key] = [join(directory, "keyproviders.json"), join(directory, "provider.key")];
  writeFileSync(key, randomBytes(32));
  const command = { cmd: { path: process.execPath, args: [join(examples, "command.js"), key] } };
  writeFileSync(configuration, JSON.stringify({ "key-providers": entries ?? { example: command } }));
  return { environment: { ...process.env, OCICRYPT_KEYPROVIDER_CONFIG: configuration }, configuration, key };
}

/** The example service, listening. */
export interface RunningService {
  readonly address: string;
  end(): Promise<void>;
}

/** Starts the example service; `options` are what follows its address: certificate, private key, client CA. */
export async function startService(key: string, options: readonly string[] = []): Promise<RunningService> {
  const args = [join(examples, "service.js"), key, "localhost:0", ...options];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await Promise.race([once(child.stdout, "data"), failed(child)]);
  return {
    address: String(line).trim(),
    async end() {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function failed(child: ChildProcess): Promise<never> {
  const [status] = await once(child, "exit");
  throw new Error(`the example service ended with status ${status}`);
}
