import { isAbsolute, normalize } from "node:path";
import { dockerScopes } from "../oci/docker-scopes.js";
import type { PolicyScopes } from "./transport.js";

/** Images go by their names: the name by digest, else by tag; its repository, the namespaces above, the host, the domains above. */
export const nameScopes: PolicyScopes = {
  of: ({ name }) => (name === undefined ? [] : dockerScopes(name)),
  accepts: () => true,
};

/** Images go by the path where they are, and by the directories above it; `/` is not a scope, the empty one stands for it. */
export const pathScopes: PolicyScopes = {
  of: ({ path }) => (path === undefined ? [] : pathAndParents(path)),
  accepts: (scope) => isAbsolute(scope) && scope !== "/" && normalize(scope) === scope && !scope.endsWith("/"),
};

/** No image has a scope of its own. */
export const noScopes: PolicyScopes = { of: () => [], accepts: () => false };

/** As names, but that the id of an image, `ALGORITHM:HEX`, is not a scope. */
export const daemonScopes: PolicyScopes = {
  of: nameScopes.of,
  accepts: (scope) => !/^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/.test(scope),
};

function pathAndParents(path: string): readonly string[] {
  const scopes: string[] = [];
  for (let scope = path; scope !== ""; scope = scope.slice(0, Math.max(scope.lastIndexOf("/"), 0))) {
    if (scope !== "/") scopes.push(scope);
  }
  return scopes;
}
