import { OciEncError } from "../../errors.js";
import type { Transport } from "../transport.js";
import { parseLocator } from "./index/locator.js";
import { openLayoutSource } from "./source.js";
import { openLayoutTarget } from "./target.js";

/** `oci:DIR[:NAME][@DIGEST]`: an OCI image layout in a directory. Image-spec, "image-layout". */
export const layout: Transport = {
  async openSource(locator) {
    const { path, name, digest } = parseLocator(locator);
    const selector = { names: name === undefined ? [] : [name], digest };
    return await openLayoutSource({ directory: path, selector, name: referenceTo(name, digest) });
  },
  async openTarget(locator, options) {
    const { path, name, digest } = parseLocator(locator);
    if (digest) {
      throw new OciEncError("USAGE", `cannot write to a digest: ${JSON.stringify(locator.slice(0, 300))}`, {
        hint: "write oci:DIRECTORY[:NAME]",
      });
    }
    const place = { directory: path, entryName: name, digest: undefined, name: referenceTo(name, undefined) };
    return await openLayoutTarget(place, options);
  },
};

function referenceTo(name: string | undefined, digest: string | undefined): (layout: string) => string {
  const ending = (name === undefined ? "" : `:${name}`) + (digest === undefined ? "" : `@${digest}`);
  return (layout) => `oci:${layout}${ending}`;
}
