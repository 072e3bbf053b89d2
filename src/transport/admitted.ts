import type { Digest } from "../oci/digest.js";
import type { Admission, ImageSource } from "./transport.js";

/**
 * The same source, whose reference resolves only to what `admit` lets pass: asked once for each digest. The methods of
 * transports stay what they are, found or not, since everything else is passed on.
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
  return new Proxy(source, {
    get(target, name) {
      if (name === "resolve") return resolve;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
