import { memoized } from "../../../bytes/memoized.js";
import type { Progress } from "../../../progress.js";
import type { Credentials, Keychain } from "../../registry-options.js";
import { type Environment, thisMachine } from "../http/environment.js";
import { type AuthFile, authFilePaths, helperFor, readAuthFile, storedCredentials } from "./auth-file.js";
import { authKeys, canonicalHost, dockerHubKey } from "./auth-key.js";
import { credentialHelper } from "./credential-helper.js";

/** Where to look, and whom to tell of a file that others may read. */
export interface KeychainOptions {
  readonly authFile?: string | undefined;
  readonly progress?: Progress | undefined;
  readonly environment?: Environment | undefined;
}

/**
 * The keychain that docker and podman share: for each key, the nearest first, and each file in its order, a helper of
 * the registry's own, the file itself, and the helper for all. USAGE and DENIED as of files and helpers.
 */
export function fileKeychain(options: KeychainOptions = {}): Keychain {
  const environment = options.environment ?? thisMachine;
  const files = memoized(() => openFiles(options, environment));
  return {
    async credentials(host, repository) {
      for (const file of await files()) {
        const place = { host: canonicalHost(host), repository };
        const found = await lookUp(file, place, environment, options.progress);
        if (found) return found;
      }
      return undefined;
    },
  };
}

/** A keychain with one answer for one host; for any other host, none. */
export function singleCredentials(host: string, credentials: Credentials | undefined): Keychain {
  return { credentials: async (asked) => (canonicalHost(asked) === canonicalHost(host) ? credentials : undefined) };
}

/** The name under which a helper knows a host. docker's Hub has a URL; `host` is canonical. */
export function helperServers(host: string): readonly string[] {
  return host === "docker.io" ? [dockerHubKey, host] : [host];
}

async function openFiles(options: KeychainOptions, environment: Environment): Promise<readonly AuthFile[]> {
  const paths = authFilePaths(options.authFile, environment);
  const files = (await Promise.all(paths.map(readAuthFile))).filter((file) => file !== undefined);
  for (const file of files.filter(({ exposed, content }) => exposed && content["auths"] !== undefined)) {
    const message = `other users can read the credentials in ${JSON.stringify(file.path)}: chmod 600 prevents that`;
    options.progress?.({ type: "warning", code: "AUTH_FILE_MODE", message });
  }
  return files;
}

async function lookUp(
  file: AuthFile,
  place: { readonly host: string; readonly repository: string | undefined },
  environment: Environment,
  progress: Progress | undefined,
): Promise<Credentials | undefined> {
  for (const key of authKeys(place.host, place.repository)) {
    const helpers = helperFor(file, key);
    const found =
      (helpers.own && (await askHelper(helpers.own, key, environment, progress))) ||
      storedCredentials(file, key) ||
      (helpers.general && key === place.host && (await askHelper(helpers.general, key, environment, progress)));
    if (found) return found;
  }
  return undefined;
}

async function askHelper(
  name: string,
  key: string,
  environment: Environment,
  progress: Progress | undefined,
): Promise<Credentials | undefined> {
  const helper = credentialHelper(name, environment, { progress });
  for (const server of helperServers(key)) {
    const found = await helper.get(server);
    if (found) return found;
  }
  return undefined;
}
