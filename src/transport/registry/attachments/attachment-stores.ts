import { memoized } from "../../../bytes/memoized.js";
import { type ImageName, parseImageName } from "../../../oci/image-name.js";
import type { EndpointOptions } from "../../transport.js";
import type { RegistryClient } from "../client.js";
import { readRegistriesD, type SignatureStorage, signatureStorage } from "../config/registries-d.js";
import { isSameHost, requireHostAllowed } from "../http/offline-guard.js";
import { locate, openClient, type RegistryContext } from "../open-client.js";
import { type SignatureStore, signatureStore } from "./signature-store.js";

/** Where the attachments of a repository's images are kept. Each is found out when it is first asked for. */
export interface AttachmentStores extends AsyncDisposable {
  /** The repository of digest tags: the image's own client, or one for `COSIGN_REPOSITORY`. USAGE when that is not a name. */
  tags(): Promise<RegistryClient>;
  /** What registries.d says of `.sig` tags; undefined: nothing. Codes of `readRegistriesD`. */
  attachments(): Promise<boolean | undefined>;
  /** Where simple signatures are. Codes of the above, and of asking the registry. */
  signatures(): Promise<SignatureStore>;
}

/** What an image's places are found by. */
export interface RegistryImage {
  readonly client: RegistryClient;
  /** Where the image really is, after registries.conf: registries.d goes by that. */
  readonly name: ImageName;
  readonly options: EndpointOptions;
  readonly context: RegistryContext;
}

/** The places of one image. What they opened beside the image's client is closed when they are disposed of. */
export function attachmentStores(image: RegistryImage): AttachmentStores {
  const { client, name, options, context } = image;
  const { environment } = context;
  const tags = memoized(() => openTagRepository(image));
  const place = memoized(async (): Promise<SignatureStorage> => {
    const { registriesDirectory, registriesDialect } = options.registry ?? {};
    return signatureStorage(await readRegistriesD(registriesDirectory, environment, registriesDialect), name);
  });
  const signatures = memoized(async () => signatureStore(client, name, await place()));
  return {
    tags,
    signatures,
    attachments: async () => (await place()).attachments,
    async [Symbol.asyncDispose]() {
      const other = await tags.begun()?.catch(() => undefined);
      if (other && other !== client) await other[Symbol.asyncDispose]();
    },
  };
}

/** cosign keeps the digest tags of all images in the one repository that the variable names. */
async function openTagRepository({ client, name, options, context }: RegistryImage): Promise<RegistryClient> {
  const wanted = context.environment.variables["COSIGN_REPOSITORY"];
  if (!wanted) return client;
  const { host, repository } = parseImageName(wanted);
  if (host === name.host && repository === name.repository) return client;
  requireHostAllowed(client.options, host);
  const { primary } = await locate(`${host}/${repository}`, options, context);
  return openClient(primary, isSameHost(primary.name.host, name.host), options, context);
}
