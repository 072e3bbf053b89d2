import { OciEncError } from "../../errors.js";
import type { EndpointOptions, ImageSource, ImageTarget, Transport } from "../transport.js";
import { attachmentStores } from "./attachments/attachment-stores.js";
import type { RegistryClient } from "./client.js";
import type { Endpoint } from "./config/registries-conf.js";
import { lookUp, pushScopes } from "./manifests.js";
import { locate, openClient, type RegistryContext, registryContext } from "./open-client.js";
import { RegistrySource } from "./source.js";
import { RegistryTarget } from "./target.js";

/** `docker://HOST/REPO[:TAG][@DIGEST]`: OCI distribution spec 1.1 and Docker registry v2. */
export const registry: Transport = createRegistryTransport();

/** The transport as it behaves on some machine; a test brings its own. */
export function createRegistryTransport(context: RegistryContext = registryContext()): Transport {
  return {
    /** With mirrors, the first that has the image; then and there the image is resolved. */
    async openSource(locator, options) {
      const { primary, mirrors } = await locate(locator, options, context);
      const open = (endpoint: Endpoint) => {
        const client = openClient(endpoint, endpoint === primary, options, context);
        const { name } = endpoint;
        return {
          client,
          source: new RegistrySource(client, name, attachmentStores({ client, name, options, context })),
        };
      };
      const mirror = await firstMirror(
        mirrors.map((one) => () => open(one)),
        options,
      );
      return mirror ?? open(primary).source;
    },
    /** Looks at the tag, so that `commit` can tell whether it moved meanwhile. Mirrors are never written. */
    async openTarget(locator, options): Promise<ImageTarget> {
      const { primary } = await locate(locator, options, context);
      const client = openClient(primary, true, options, context);
      try {
        const { name } = primary;
        const opened = name.tag === undefined ? undefined : await lookUp(client, name.tag, pushScopes(client));
        const places = attachmentStores({ client, name, options, context });
        return new RegistryTarget(client, name, { force: options.force ?? false, opened, places });
      } catch (error) {
        await client[Symbol.asyncDispose]();
        throw error;
      }
    },
  };
}

/** A source, and what it speaks through. */
interface OpenedSource {
  readonly client: RegistryClient;
  readonly source: RegistrySource;
}

/**
 * The first mirror that has the image; undefined when none has. Why one was passed over is said. None is waited for: there
 * is another place to ask.
 */
async function firstMirror(
  mirrors: readonly (() => OpenedSource)[],
  options: EndpointOptions,
): Promise<ImageSource | undefined> {
  for (const open of mirrors) {
    const { client, source } = open();
    try {
      client.hurried = true;
      await source.resolve();
      client.hurried = false;
      return source;
    } catch (error) {
      await source[Symbol.asyncDispose]();
      if (!(error instanceof OciEncError) || error.code === "ABORTED") throw error;
      options.progress?.({
        type: "debug",
        area: "registry",
        message: `passed over the mirror ${source.name}: ${error.message}`,
      });
    }
  }
  return undefined;
}
