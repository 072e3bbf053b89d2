import { type ImageName, parseImageName } from "../../oci/image-name.js";

/**
 * Whether a name says its registry as containerd reads it, which takes the first part for the host whatever it looks like:
 * `team/app` is an image of the host `team` there, and one of Docker Hub elsewhere. Such a name would be judged by other
 * rules than those of the place that it comes from.
 */
export function isRegistryName(text: string, name: ImageName): boolean {
  const [host = "", ...rest] = text.split("/");
  return (
    rest.length > 0 && (host === name.host || (host.includes(".") && parseImageName(`${host}/x`).host === name.host))
  );
}
