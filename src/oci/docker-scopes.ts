import { type ImageName, printImageName } from "./image-name.js";

/**
 * Under which names configuration for an image may stand, the most specific first: the whole reference, its repository,
 * each namespace above that, the host; then, without the port, `*.` with each domain above the host's name. As
 * containers/image looks up docker references in registries.d and policy.json. Of tag and digest, the digest counts.
 */
export function dockerScopes(name: ImageName): readonly string[] {
  const tag = name.digest === undefined ? name.tag : undefined;
  const parts = `${name.host}/${name.repository}`.split("/");
  const namespaces = parts.map((_, above) => parts.slice(0, parts.length - above).join("/"));
  const labels = (name.host.split(":")[0] ?? "").split(".");
  const domains = labels.slice(1).map((_, above) => `*.${labels.slice(above + 1).join(".")}`);
  return [printImageName({ ...name, tag }), ...namespaces, ...domains];
}
