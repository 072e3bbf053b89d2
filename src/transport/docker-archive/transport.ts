import { OciEncError } from "../../errors.js";
import { parseImageName, printImageName } from "../../oci/image-name.js";
import { realFile } from "../../tar/archive-output.js";
import { standardStream } from "../../tar/open-archive.js";
import { parseLocator } from "../layout/index/locator.js";
import type { Transport } from "../transport.js";
import { openDockerSource } from "./source.js";
import { openDockerTarget } from "./target.js";

/**
 * `docker-archive:FILE[:NAME]`: what `docker save` writes. FILE may be `-` for standard input and output, and may be
 * compressed when it is read. NAME is completed as docker completes names; a source takes `@N` for the image at position
 * N as well. Written are plain images of one platform; an existing FILE is a CONFLICT unless `force` is given.
 */
export const dockerArchive: Transport = {
  async openSource(locator, options) {
    const { path, image } = await parse(locator);
    const place = `docker-archive:${path === standardStream ? "standard input" : path}`;
    const position = /^@([0-9]{1,9})$/.exec(image ?? "")?.[1];
    if (position !== undefined) {
      const selector = { tag: undefined, position: Number(position) };
      return await openDockerSource({ path, name: referenceTo(path, image), place, selector }, options);
    }
    const tag = completeTag(image);
    const selector = { tag, position: undefined };
    return await openDockerSource({ path, name: referenceTo(path, tag), place, selector }, options);
  },

  async openTarget(locator, options) {
    const { path, image } = await parse(locator);
    const tag = completeTag(image);
    // Always another place than the source's: the layers of an archive cannot stay where they are while it is replaced.
    const place = `docker-archive:${path === standardStream ? "standard output" : `${path} to be written`}`;
    return await openDockerTarget({ path, name: referenceTo(path, tag), place, tag }, options);
  },
};

async function parse(locator: string): Promise<{ readonly path: string; readonly image: string | undefined }> {
  const { path, name, digest } = parseLocator(locator, "docker-archive:FILE[:NAME[:TAG]]");
  if (digest !== undefined) {
    throw new OciEncError(
      "USAGE",
      `an archive of docker save names no digests: ${JSON.stringify(locator.slice(0, 300))}`,
    );
  }
  return { path: path === standardStream ? path : await realFile(path), image: name };
}

/** `app` is `docker.io/library/app:latest`. USAGE when it is not a name. */
function completeTag(image: string | undefined): string | undefined {
  return image === undefined ? undefined : printImageName(parseImageName(image));
}

function referenceTo(path: string, image: string | undefined): string {
  return `docker-archive:${path}${image === undefined ? "" : `:${image}`}`;
}
