import type { Digest } from "../oci/digest.js";
import type { Admission, ImageSource } from "./transport.js";
import { withResolve } from "./with-resolve.js";

/**
 * The same source, whose reference resolves only to what `admit` lets pass: asked once for each digest.
 */
export function admitted(source: ImageSource, reference: string, admit: Admission): ImageSource {
  const known = new Map<Digest, Promise<void>>();
  const resolve: ImageSource["resolve"] = async () => {
    const root = await source.resolve();
    const asked = known.get(root.digest) ?? admit(root, { reference, source });
    known.set(root.digest, asked);
    await asked;
    return root;
  };
  return withResolve(source, resolve);
}
