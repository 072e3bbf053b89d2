import { OciEncError } from "../../errors.js";
import { realFile } from "../../tar/archive-output.js";
import { standardStream } from "../../tar/open-archive.js";
import { parseLocator } from "../layout/index/locator.js";
import type { Transport } from "../transport.js";
import { openArchiveSource } from "./source.js";
import { openArchiveTarget } from "./target.js";

/**
 * `oci-archive:FILE[:NAME][@DIGEST]`: an OCI layout as one tar file. FILE may be `-` for standard input and output, and
 * may be compressed when it is read. A target without DIGEST; an existing FILE is a CONFLICT, unless `force` is given or
 * its only image is edited in place.
 */
export const archive: Transport = {
  async openSource(locator, options) {
    const { path: file, name, digest } = parseLocator(locator, form);
    const path = await pathOf(file);
    const place = path === standardStream ? "oci-archive:standard input" : `oci-archive:${path}`;
    const selector = { names: name === undefined ? [] : [name], digest };
    return await openArchiveSource({ path, name: referenceTo(path, name, digest), place, selector }, options);
  },

  async openTarget(locator, options) {
    const { path: file, name, digest } = parseLocator(locator, form);
    if (digest) throw new OciEncError("USAGE", `cannot write to a digest: ${JSON.stringify(locator.slice(0, 300))}`);
    const path = await pathOf(file);
    const place = path === standardStream ? "oci-archive:standard output" : `oci-archive:${path}`;
    return await openArchiveTarget({ path, name: referenceTo(path, name), place, imageName: name }, options);
  },
};

const form = "oci-archive:FILE[:NAME][@DIGEST]";

async function pathOf(file: string): Promise<string> {
  return file === standardStream ? file : await realFile(file);
}

function referenceTo(path: string, name: string | undefined, digest?: string): string {
  return `oci-archive:${path}${name === undefined ? "" : `:${name}`}${digest === undefined ? "" : `@${digest}`}`;
}
