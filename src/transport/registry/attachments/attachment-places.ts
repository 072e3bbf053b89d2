import { memoized } from "../../../bytes/memoized.js";
import { type ImageName, parseImageName } from "../../../oci/image-name.js";
import type { EndpointOptions } from "../../transport.js";
import type { RegistryClient } from "../client.js";
import { readRegistriesD, type SignaturePlace, signaturePlace } from "../config/registries-d.js";
import { isSameHost, requireHostAllowed } from "../http/offline-guard.js";
import { locate, openClient, type RegistryContext } from "../open-client.js";
import { type SignatureStore, signatureStore } from "./signature-store.js";

/** Where the attachments of a repository's images are kept. Each is found out when it is first asked for. */
export interface AttachmentPlaces extends AsyncDisposable {
  /** The repository of digest tags: the image's own client, or one for `COSIGN_REPOSITORY`. USAGE when that is no name. */
  tags(): Promise<RegistryClient>;
  /** What registries.d says of `.sig` tags; undefined: nothing. Codes of `readRegistriesD`. */
  attachments(): Promise<boolean | undefined>;
  /** Where simple signatures are. Codes of the above, and of asking the registry. */
  signatures(): Promise<SignatureStore>;
}

/** What an image's places are found by. */
export interface PlacedImage {
  readonly client: RegistryClient;
  /** Where the image really is, after registries.conf: registries.d goes by that. */
  readonly name: ImageName;
  readonly options: EndpointOptions;
  readonly around: RegistryContext;
}

/** The places of one image. What they opened beside the image's client is closed when they are disposed of. */
export function attachmentPlaces(image: PlacedImage): AttachmentPlaces {
  const { client, name, options, around } = image;
  const { environment } = around;
  const tags = memoized(() => openTagRepository(image));
  const place = memoized(async (): Promise<SignaturePlace> => {
    const { registriesDirectory, registriesDialect } = options.registry ?? {};
    return signaturePlace(await readRegistriesD(registriesDirectory, environment, registriesDialect), name);
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
async function openTagRepository({ client, name, options, around }: PlacedImage): Promise<RegistryClient> {
  const wanted = around.environment.variables["COSIGN_REPOSITORY"];
  if (!wanted) return client;
  const { host, repository } = parseImageName(wanted);
  if (host === name.host && repository === name.repository) return client;
  requireHostAllowed(client.options, host);
  const { primary } = await locate(`${host}/${repository}`, options, around);
  return openClient(primary, isSameHost(primary.name.host, name.host), options, around);
}
