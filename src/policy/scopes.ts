import { isAbsolute, normalize } from "node:path";
import type { ImageName } from "../oci/image-name.js";
import { repositoryOf } from "./identity.js";

/** Where an image is, as a policy sees it. */
export interface PolicyPlace {
  /** As `policy.json` names it: `docker`, `oci`, `dir`, `oci-archive`, `docker-archive`. */
  readonly transport: string;
  /** The name that was asked for, before mirrors. Only `docker` and `docker-daemon` go by it. */
  readonly name?: ImageName | undefined;
  /** The absolute path, links resolved. */
  readonly path?: string | undefined;
}

/** The scopes that speak of an image, the most specific one first, and last the transport's own, which is empty. */
export function scopesOf({ transport, name, path }: PolicyPlace): readonly string[] {
  if (nameTransports.has(transport) && name !== undefined) return [...nameScopes(name), ""];
  if (pathTransports.has(transport) && path !== undefined) return [...pathScopes(path), ""];
  return [""];
}

/** Whether a scope can be one of this transport's; those of transports that nobody knows are not looked at. */
export function isScope(transport: string, scope: string): boolean {
  if (scope === "") return true;
  if (wholeTransports.has(transport)) return false;
  if (pathTransports.has(transport)) return isAbsolute(scope) && scope !== "/" && isClean(scope);
  if (transport === "docker-daemon") return !/^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/.test(scope);
  return true;
}

const nameTransports: ReadonlySet<string> = new Set(["docker", "docker-daemon"]);
const pathTransports: ReadonlySet<string> = new Set(["oci", "dir", "oci-archive", "sif"]);
/** Those whose images have no scope of their own. */
const wholeTransports: ReadonlySet<string> = new Set(["docker-archive", "tarball"]);

/** The name by digest, else by tag; then the repository, its parents and host; then the domains above the host. */
function nameScopes(name: ImageName): readonly string[] {
  const repository = repositoryOf(name);
  const scopes = name.digest === undefined ? [`${repository}:${name.tag}`] : [`${repository}@${name.digest}`];
  let scope = repository;
  for (; scope.includes("/"); scope = scope.slice(0, scope.lastIndexOf("/"))) scopes.push(scope);
  scopes.push(scope);
  const labels = (scope.split(":")[0] ?? "").split(".");
  return [...scopes, ...labels.slice(1).map((_label, index) => `*.${labels.slice(index + 1).join(".")}`)];
}

/** The path and its parents, but never the root, which the empty scope stands for. */
function pathScopes(path: string): readonly string[] {
  const scopes: string[] = [];
  for (let scope = path; scope !== ""; scope = scope.slice(0, Math.max(scope.lastIndexOf("/"), 0))) {
    if (scope !== "/") scopes.push(scope);
  }
  return scopes;
}

function isClean(path: string): boolean {
  return normalize(path) === path && !path.endsWith("/");
}
