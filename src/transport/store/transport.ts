import { isDigest } from "../../oci/digest.js";
import { parseImageName, printImageName } from "../../oci/image-name.js";
import { openLayoutSource } from "../layout/source.js";
import { openLayoutTarget } from "../layout/target.js";
import type { Transport } from "../transport.js";
import { findStore, storeDirectory, storeMode } from "./store-directory.js";
import { absence, entryNameOf, notInStore, storeSelector } from "./store-name.js";

/** `NAME[:TAG][@DIGEST]` without a scheme: the local store, which is one OCI image layout. */
export const store: Transport = {
  async openSource(locator, options) {
    const selector = storeSelector(locator);
    const name = isDigest(locator) ? locator : printImageName(parseImageName(locator));
    const directory = await findStore(options);
    if (directory === undefined) throw notInStore([name], locator);
    return await openLayoutSource({ directory, selector, name: () => name, absent: absence(locator) });
  },
  async openTarget(locator, options) {
    const name = parseImageName(locator);
    const place = { directory: storeDirectory(options.store), mode: storeMode, resumable: true };
    const named = { entryName: entryNameOf(name), digest: name.digest, name: () => printImageName(name) };
    return await openLayoutTarget({ ...place, ...named }, options);
  },
};
