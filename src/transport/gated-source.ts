import { memoized } from "../bytes/memoized.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { ImageSource, PolicyGate } from "./transport.js";

/** The same source, whose reference resolves only to what `gate` lets pass: asked once for each digest. */
export function gatedSource(
  source: ImageSource,
  asked: Omit<Parameters<PolicyGate>[1], "source">,
  gate: PolicyGate,
): ImageSource {
  const pass = memoized(
    (root: Descriptor) => gate(root, { ...asked, source }),
    ({ digest }) => digest,
  );
  const resolve: ImageSource["resolve"] = async () => {
    const root = await source.resolve();
    await pass(root);
    return root;
  };
  return withResolve(source, resolve);
}

/** The same source with another way to resolve. All else is passed on, methods that only some transports have included. */
function withResolve<S extends ImageSource>(source: S, resolve: ImageSource["resolve"]): S {
  return new Proxy(source, {
    get(target, name) {
      if (name === "resolve") return resolve;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The same source, which means for good what its reference named when it was first asked. */
export function memoizedResolve<S extends ImageSource>(source: S): S {
  return withResolve(
    source,
    memoized(() => source.resolve()),
  );
}
