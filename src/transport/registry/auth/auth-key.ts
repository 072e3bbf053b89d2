/** Docker Hub under the names it has in files of credentials. */
const hubNames: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

/** The key under which docker keeps the credentials of Docker Hub. */
export const dockerHubKey = "https://index.docker.io/v1/";

/**
 * The keys under which credentials for `host/repository` may lie, the nearest first: the repository, each namespace
 * above it, the host (containers-auth.json(5)).
 */
export function authKeys(host: string, repository: string | undefined): readonly string[] {
  const parts = repository?.split("/") ?? [];
  return [...parts.map((_, index) => [host, ...parts.slice(0, parts.length - index)].join("/")), host];
}

/** Whether a key of a file means `wanted`: the same text, or the same host in docker's older spellings (`https://host/v1/`). */
export function keyMatches(key: string, wanted: string): boolean {
  if (key === wanted) return true;
  return !wanted.includes("/") && hostOfKey(key) === canonicalHost(wanted);
}

/** The host that a server address or key of an older spelling is for; undefined when it is for a repository. */
function hostOfKey(key: string): string | undefined {
  const match = /^(?:https?:\/\/)?([^/]+)(?:\/(?:v[12]\/?)?)?$/.exec(key);
  return match ? canonicalHost(match[1] ?? "") : undefined;
}

/** One name for each host: Docker Hub's several become `docker.io`. */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  return hubNames.has(lower) ? "docker.io" : lower;
}
