import { OciEncError } from "../../errors.js";
import { isRegistryHost } from "../../oci/image-name.js";
import { credentialsHint, redactedReference } from "../../oci/redacted-reference.js";
import type { Credentials } from "../registry-options.js";
import type { EndpointOptions } from "../transport.js";
import {
  authFilePaths,
  dockerConfigPath,
  helperFor,
  type JsonObject,
  readAuthFile,
  storedCredentials,
  withEntry,
  writeAuthFile,
} from "./auth/auth-file.js";
import { canonicalHost, dockerHubKey } from "./auth/auth-key.js";
import { credentialHelper } from "./auth/credential-helper.js";
import { fileKeychain, helperServers } from "./auth/keychain.js";
import { insecureHosts, isInsecure } from "./config/registries-conf.js";
import { readRegistriesConf } from "./config/registries-conf-files.js";
import { type Environment, thisMachine } from "./http/environment.js";
import { authFileFor, openClient, registryContext } from "./open-client.js";

/** A registry, or a part of one: `registry.example`, `registry.example/team/app`. */
export interface LoginTarget {
  readonly host: string;
  readonly repository: string | undefined;
}

/** Who one is at a registry. */
export interface LoggedIn {
  readonly place: LoginTarget;
  /** `<token>` where it is a token; undefined when one is not logged in. */
  readonly username: string | undefined;
}

/** Where credentials were put, or taken from. */
export interface LoginResult {
  readonly place: LoginTarget;
  /** Files and helpers, for people. */
  readonly places: readonly string[];
}

/** `HOST[/REPOSITORY]`, with or without a scheme before it. USAGE when it is neither. */
export function parseLoginTarget(text: string): LoginTarget {
  const [host = "", ...path] = text
    .replace(/^https?:\/\//, "")
    .replace(/\/+$/, "")
    .split("/");
  const validPath = path.every((part) => /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*$/.test(part));
  if (!isRegistryHost(host) || !validPath) {
    throw new OciEncError("USAGE", `not a registry: ${redactedReference(text)}`, {
      hint:
        credentialsHint(text) ??
        "write HOST or HOST:PORT, a port from 1 to 65535, and after it a repository if the login is for that alone",
    });
  }
  return { host: canonicalHost(host), repository: path.length === 0 ? undefined : path.join("/") };
}

/**
 * What `login` promises, on some machine. Without a file named, the file is docker's, which podman reads too, and with
 * it those that podman would look into first and that know this registry already.
 */
export async function logIn(
  registry: string,
  credentials: Credentials,
  options: EndpointOptions,
  environment: Environment = thisMachine,
): Promise<LoginResult> {
  const place = parseLoginTarget(registry);
  await tryCredentials(place, credentials, options, environment);
  const places: string[] = [];
  for (const path of await filesFor(place, options, environment)) {
    places.push(await keep(path, place, credentials, environment));
  }
  return { place, places };
}

/** What `logout` promises, on some machine. */
export async function logOut(
  registry: string,
  options: EndpointOptions,
  environment: Environment = thisMachine,
): Promise<LoginResult> {
  const place = parseLoginTarget(registry);
  const places: string[] = [];
  for (const path of authFilePaths(authFileFor(place.host, options), environment)) {
    places.push(...(await forget(path, place, environment)));
  }
  if (places.length === 0) {
    throw new OciEncError("NOT_FOUND", `there are no credentials for ${JSON.stringify(keyOf(place))}`);
  }
  return { place, places };
}

/** What `loggedInAs` promises, on some machine. */
export async function findLogin(
  registry: string,
  options: EndpointOptions,
  environment: Environment = thisMachine,
): Promise<LoggedIn> {
  const place = parseLoginTarget(registry);
  const keychain =
    options.registry?.keychain ?? fileKeychain({ authFile: authFileFor(place.host, options), environment });
  const credentials = await keychain.credentials(place.host, place.repository);
  return { place, username: credentials && userOf(credentials) };
}

/** The user name of credentials; `<token>` where they are a token. */
function userOf(credentials: Credentials): string {
  return credentials.kind === "password" ? credentials.username : "<token>";
}

async function tryCredentials(
  place: LoginTarget,
  credentials: Credentials,
  options: EndpointOptions,
  environment: Environment,
): Promise<void> {
  const registry = { ...options.registry, credentials };
  const name = { host: place.host, repository: place.repository ?? "", tag: undefined, digest: undefined };
  const conf = await readRegistriesConf(options.registry?.registriesConf, environment);
  const endpoint = { name, insecure: isInsecure(name, conf), insecureAt: insecureHosts(conf) };
  const client = openClient(endpoint, true, { ...options, registry }, registryContext(environment));
  try {
    const scopes = place.repository === undefined ? [] : [`repository:${place.repository}:pull`];
    const answer = await client.request({ method: "GET", target: "/v2/", scopes, repeat: true });
    if (answer.status !== 200) throw await client.problem(answer, `cannot log in to ${JSON.stringify(place.host)}`);
    await answer.discard();
  } finally {
    await client[Symbol.asyncDispose]();
  }
}

async function filesFor(
  place: LoginTarget,
  options: EndpointOptions,
  environment: Environment,
): Promise<readonly string[]> {
  const paths = authFilePaths(authFileFor(place.host, options), environment);
  if (paths.length === 1) return paths;
  const preferred = dockerConfigPath(environment);
  const chosen: string[] = [];
  for (const path of paths) {
    const file = path === preferred ? undefined : await readAuthFile(path);
    if (path === preferred || (file && storedCredentials(file, keyOf(place)))) chosen.push(path);
  }
  return chosen;
}

async function keep(
  path: string,
  place: LoginTarget,
  credentials: Credentials,
  environment: Environment,
): Promise<string> {
  const file = (await readAuthFile(path)) ?? { path, content: {}, exposed: false, bare: false };
  const key = fileKey(path, place, environment);
  const helpers = helperFor(file, keyOf(place));
  const helper = helpers.own ?? (place.repository === undefined ? helpers.general : undefined);
  if (helper === undefined) {
    await writeAuthFile(file, withEntry(file, keyOf(place), entryOf(credentials), key));
    return path;
  }
  await credentialHelper(helper, environment).store(helperServers(keyOf(place))[0] ?? key, credentials);
  // docker finds the helper's registries by an empty entry.
  await writeAuthFile(file, withEntry(file, keyOf(place), {}, key));
  return `docker-credential-${helper}`;
}

async function forget(path: string, place: LoginTarget, environment: Environment): Promise<readonly string[]> {
  const file = await readAuthFile(path);
  if (!file) return [];
  const key = keyOf(place);
  const { own, general } = helperFor(file, key);
  const helper = own ?? (place.repository === undefined ? general : undefined);
  const places: string[] = [];
  if (helper !== undefined) {
    const program = credentialHelper(helper, environment);
    for (const server of helperServers(key)) {
      if (!(await program.get(server))) continue;
      await program.erase(server);
      places.push(`docker-credential-${helper}`);
    }
  }
  if (storedCredentials(file, key)) places.push(path);
  const content = withEntry(file, key, undefined);
  if (JSON.stringify(content) !== JSON.stringify(file.content)) await writeAuthFile(file, content);
  return places;
}

function keyOf(place: LoginTarget): string {
  return place.repository === undefined ? place.host : `${place.host}/${place.repository}`;
}

/** docker knows its Hub by a URL. */
function fileKey(path: string, place: LoginTarget, environment: Environment): string {
  const key = keyOf(place);
  return key === "docker.io" && path === dockerConfigPath(environment) ? dockerHubKey : key;
}

function entryOf(credentials: Credentials): JsonObject {
  if (credentials.kind === "identity-token") return { identitytoken: credentials.token };
  if (credentials.kind === "registry-token") return { registrytoken: credentials.token };
  return { auth: Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64") };
}
