import { type Digest, hexOf } from "../../oci/digest.js";

/** The image's own manifest or index. */
export const rootName = "manifest.json";

/** Says of which version of the form the directory is. */
export const versionName = "version";

/** What stands in that file. */
export const versionText = "Directory Transport Version: 1.1\n";

/** A config or layer: its digest's hex digits alone. */
export function blobName(digest: Digest): string {
  return hexOf(digest);
}

/** A manifest that an index names. */
export function manifestName(digest: Digest): string {
  return `${hexOf(digest)}.manifest.json`;
}

/** Whether a file of that name is a manifest that some index names. */
export function isChildManifest(name: string): boolean {
  return belongsHere(name) && name.endsWith(`.${rootName}`);
}

/** Whether a file of that name holds a signature. */
export function isSignature(name: string): boolean {
  return belongsHere(name) && /(?:^|\.)signature-[0-9]+$/.test(name);
}

/** Whether a file of that name may belong to an image here, signatures of skopeo included. All else is left alone. */
export function belongsHere(name: string): boolean {
  const digest = "(?:[0-9a-f]{64}|[0-9a-f]{128})";
  return new RegExp(
    `^(?:version|manifest\\.json|${digest}(?:\\.manifest\\.json)?|(?:${digest}\\.)?signature-[0-9]+)$`,
  ).test(name);
}
