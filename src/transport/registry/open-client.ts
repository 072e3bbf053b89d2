import { OciEncError } from "../../errors.js";
import { parseImageName } from "../../oci/image-name.js";
import type { HostDefaults, HostSettings, Keychain, RegistryTimeouts } from "../registry-options.js";
import type { EndpointOptions } from "../transport.js";
import { requireAuthFile } from "./auth/auth-file.js";
import { fileKeychain, singleCredentials } from "./auth/keychain.js";
import { smallestChunk } from "./blobs/upload.js";
import { type HostLimiters, RegistryClient } from "./client.js";
import { type Endpoint, type Placement, placeImage } from "./config/registries-conf.js";
import { readRegistriesConf } from "./config/registries-conf-files.js";
import { type Environment, thisMachine } from "./http/environment.js";
import { type Endurance, HostHealth } from "./http/host-health.js";
import { HostLimiter } from "./http/host-limiter.js";

/** Milliseconds; what `RegistryTimeouts` says of each. */
export const defaultTimeouts: Required<{ readonly [K in keyof RegistryTimeouts]: number }> = {
  connect: 15_000,
  response: 60_000,
  idle: 60_000,
  notice: 10_000,
};

/** How often a failure that may be temporary is tried again. */
export const defaultRetryTimes = 5;

/**
 * Milliseconds in which the tries of a host have to begin that refuses connections, cannot be reached or resolved, with so many
 * repetitions as are usual: with the last of them, which may take as long as a connection, less than a minute.
 */
export const unreachableSpan = 40_000;

/** The same for a host that is only silent, in times of `RegistryTimeouts.idle`. */
export const silentSpans = 3;

const defaultParallel = 8;

/** What all clients of one transport share. */
export interface RegistryContext {
  readonly environment: Environment;
  /** Given how many requests may wait for an answer at once. */
  readonly limiters: (parallel: number) => HostLimiters;
  readonly health: (origin: string) => HostHealth;
}

/** A context for this machine, or for the one that a test describes. */
export function registryContext(environment: Environment = thisMachine): RegistryContext {
  const known = new Map<string, HostLimiter>();
  const limiters = (parallel: number) => (origin: string) => {
    const limiter = known.get(origin) ?? new HostLimiter(parallel, environment);
    known.set(origin, limiter);
    return limiter;
  };
  const healths = new Map<string, HostHealth>();
  const health = (origin: string) => {
    const one = healths.get(origin) ?? new HostHealth(environment);
    healths.set(origin, one);
    return one;
  };
  return { environment, limiters, health };
}

/** The image that `host/repository:tag` names, and where registries.conf says it is. USAGE, DENIED, LOCAL_IO. */
export async function locate(
  locator: string,
  options: EndpointOptions,
  { environment }: RegistryContext,
): Promise<Placement> {
  const { keychain, registriesConf } = options.registry ?? {};
  const conf = await readRegistriesConf(registriesConf, environment);
  const placement = placeImage(parseImageName(locator), conf);
  const hosts = [placement.primary, ...placement.mirrors].map(({ name }) => name.host);
  for (const file of new Set(hosts.map((host) => authFileFor(host, options)))) {
    if (file !== undefined && keychain === undefined) await requireAuthFile(file);
  }
  return placement;
}

/** The only file of credentials for a host. Undefined: none was named. */
export function authFileFor(host: string, { registry }: EndpointOptions): string | undefined {
  return registry?.authFile ?? registry?.hosts?.get(host)?.authFile;
}

/** A client for one endpoint. `isNamed`: it is the registry of the reference, for which the host settings are meant. */
export function openClient(
  endpoint: Endpoint,
  isNamed: boolean,
  options: EndpointOptions,
  context: RegistryContext,
): RegistryClient {
  const registry = options.registry ?? {};
  const { environment } = context;
  const usual = registry.hosts?.get(endpoint.name.host) ?? {};
  const given = overlaid(usual, isNamed ? (registry.host ?? {}) : {});
  const times = timeouts(registry.timeouts ?? {});
  const retryTimes = registry.retryTimes ?? defaultRetryTimes;
  return new RegistryClient({
    host: endpoint.name.host,
    repository: endpoint.name.repository,
    settings: { ...given, verifyTls: given.verifyTls ?? !endpoint.insecure },
    insecureAt: endpoint.insecureAt,
    keychain: keychainFor(endpoint, isNamed, options, environment),
    offline: registry.offline ?? false,
    chunkSize: chunkSize(registry.chunkSize),
    retryTimes,
    timeouts: times,
    endurance: endurance(times, retryTimes),
    health: context.health,
    limiters: context.limiters(positive(registry.parallel ?? defaultParallel)),
    environment,
    signal: options.signal,
    progress: options.progress,
  });
}

/** Credentials given by hand are for the registry that was named: a mirror does not see them. */
function keychainFor(
  endpoint: Endpoint,
  isNamed: boolean,
  options: EndpointOptions,
  environment: Environment,
): Keychain {
  const { credentials, keychain, authFile, hosts } = options.registry ?? {};
  const { host } = endpoint.name;
  if (isNamed && credentials) return singleCredentials(host, credentials);
  if (keychain) return keychain;
  if (authFile === undefined && hosts?.get(host)?.anonymous) return { credentials: async () => undefined };
  return fileKeychain({ authFile: authFileFor(host, options), progress: options.progress, environment });
}

/** A setting that is not given hides none. */
function overlaid({ authFile, anonymous, ...usual }: HostDefaults, given: HostSettings): HostSettings {
  return { ...usual, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}

function timeouts(given: RegistryTimeouts): typeof defaultTimeouts {
  return {
    connect: given.connect ?? defaultTimeouts.connect,
    response: given.response ?? defaultTimeouts.response,
    idle: given.idle ?? defaultTimeouts.idle,
    notice: given.notice ?? defaultTimeouts.notice,
  };
}

function chunkSize(bytes: number | undefined): number | undefined {
  if (bytes === undefined || (Number.isSafeInteger(bytes) && bytes >= smallestChunk)) return bytes;
  throw new OciEncError("USAGE", `a chunk of ${bytes} bytes is too small: ${smallestChunk} is the smallest`);
}

/** More repetitions than the default mean a longer wait. */
function endurance({ idle }: typeof defaultTimeouts, retryTimes: number): Endurance {
  const more = Math.max(1, retryTimes / defaultRetryTimes);
  return { unreachable: unreachableSpan * more, silent: silentSpans * idle * more };
}

function positive(count: number): number {
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new OciEncError("USAGE", `requests in parallel: ${count} is not a number of requests`);
}
