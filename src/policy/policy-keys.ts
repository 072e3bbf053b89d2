import { resolve } from "node:path";
import { OciEncError } from "../errors.js";
import { readSmallFile } from "../files/read-file.js";
import type { Environment } from "../process/child-environment.js";
import { runCommand } from "../process/run-command.js";
import type { KeySource, PolicyDialect } from "./key-source.js";
import { quoted } from "./strict-members.js";

/** Where the keys that a policy names are looked for. */
export interface KeyLookup {
  /** What relative paths start from: as in skopeo, where the process was started, and not where the policy lies. */
  readonly base: string;
  /** Where `OCI_ENC_RESOURCE_COMMAND` is looked up, and what that program is started with. */
  readonly environment: Environment;
  readonly signal?: AbortSignal | undefined;
}

/** The variable with the program that fetches `kbs://` keys: the URI on its standard input, the key on its output. */
const resourceCommandVariable = "OCI_ENC_RESOURCE_COMMAND";

/** The bytes of a key. KEY_INVALID when they cannot be had, KEY_PROVIDER when the program that fetches them fails. */
export async function readKeySource(
  source: KeySource,
  dialect: PolicyDialect,
  places: KeyLookup,
): Promise<{ readonly value: Uint8Array; readonly origin: string }> {
  if (source.kind === "data") return { value: source.bytes, origin: source.where };
  const { path, where } = source;
  if (isResource(path)) return { value: await fetchResource(source, places), origin: where };
  const file = dialect === "image-rs" ? path.replace(/^file:\/\//, "") : path;
  try {
    const value = await readSmallFile(resolve(places.base, file), keyLimit, {
      // What stands in place of a path may be a key: it is not quoted.
      what: `the file that ${where} names`,
      followLinks: true,
    });
    return { value, origin: file };
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    throw new OciEncError("KEY_INVALID", `the policy's keys: ${error.message}`, { cause: error, hint: error.hint });
  }
}

/** Keyrings and keys are smaller than this. */
const keyLimit = 16 * 1024 * 1024;
const fetchTimeoutMs = 60_000;

/** What only a key broker has: `kbs:///default/key/1`, `kbs+kid://…`. */
function isResource(path: string): boolean {
  return /^kbs(?:\+[a-z0-9.+-]+)?:\/\//i.test(path);
}

async function fetchResource(
  source: { readonly path: string; readonly where: string },
  places: KeyLookup,
): Promise<Uint8Array> {
  const { environment, signal } = places;
  const program = environment[resourceCommandVariable];
  if (program === undefined || program === "") {
    throw new OciEncError(
      "KEY_INVALID",
      `the policy's key of ${source.where} is with a key broker, which oci-enc does not ask`,
      {
        hint: `name a program in ${resourceCommandVariable} that reads the URI and writes the key`,
      },
    );
  }
  const result = await runCommand({
    kind: "key fetcher",
    program,
    args: [],
    input: Buffer.from(`${source.path}\n`),
    environment,
    maximumOutput: keyLimit,
    timeoutMs: fetchTimeoutMs,
    signal,
  });
  if (result.status === 0) return result.output;
  throw new OciEncError(
    "KEY_PROVIDER",
    `${quoted(program)} did not fetch the key of ${source.where}: status ${result.status}, ${quoted(result.complaint)}`,
  );
}
