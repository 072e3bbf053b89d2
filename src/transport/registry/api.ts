import type { Credentials } from "../registry-options.js";
import type { EndpointOptions } from "../transport.js";
import type { LoggedIn, LoginResult } from "./login.js";
import type { Deleted, RepositoryTags } from "./operations.js";

export type { LoggedIn, LoginResult, LoginTarget } from "./login.js";
export type { Deleted, RepositoryTags } from "./operations.js";

/** Every tag of `docker://HOST/REPO`, in the registry's order. USAGE, NOT_FOUND, DENIED, UNAVAILABLE, CORRUPT. */
export async function listTags(repository: string, options: EndpointOptions = {}): Promise<RepositoryTags> {
  return await (await import("./operations.js")).listRepositoryTags(repository, options);
}

/**
 * Deletes the manifest that `docker://HOST/REPO[:TAG][@DIGEST]` names, and with it every tag that names it. Codes as
 * for `listTags`; UNSUPPORTED where the registry does not delete.
 */
export async function deleteImage(reference: string, options: EndpointOptions = {}): Promise<Deleted> {
  return await (await import("./operations.js")).deleteFromRegistry(reference, options);
}

/**
 * Tries credentials at `HOST[/REPO]` and keeps them where docker and podman find them: in the helper that is
 * configured, else in a file of mode 0600. DENIED when the registry refuses them; nothing is kept then.
 */
export async function login(
  registry: string,
  credentials: Credentials,
  options: EndpointOptions = {},
): Promise<LoginResult> {
  return await (await import("./login.js")).logIn(registry, credentials, options);
}

/** Forgets the credentials for `HOST[/REPO]` in every file and in the helpers that those name. NOT_FOUND when there were none. */
export async function logout(registry: string, options: EndpointOptions = {}): Promise<LoginResult> {
  return await (await import("./login.js")).logOut(registry, options);
}

/** Who one is at `HOST[/REPO]`, by the same files and helpers. Codes of those. */
export async function loggedInAs(registry: string, options: EndpointOptions = {}): Promise<LoggedIn> {
  return await (await import("./login.js")).findLogin(registry, options);
}

/**
 * The full references that a bare image name may mean by the aliases and search registries of registries.conf, in the
 * order to try them; Docker Hub when that says nothing. For the first argument of `pull`, and nothing else.
 */
export async function searchNames(name: string, options: EndpointOptions = {}): Promise<readonly string[]> {
  return await (await import("./operations.js")).searchRegistries(name, options);
}
