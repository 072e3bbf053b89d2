import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ioError, OciEncError, systemCode } from "../../../errors.js";
import { readSmallFile } from "../../../files/read-file.js";
import { membersOf, type TomlPlace, textsOf, tomlTop, wrongMember } from "../../../files/toml-place.js";
import { type ImageName, parseImageName, printImageName } from "../../../oci/image-name.js";
import type { HostSettings } from "../../registry-options.js";
import { isLoopbackHost } from "../http/address-policy.js";
import { apiHost } from "../http/offline-guard.js";
import { readHostFiles } from "./containerd-host-files.js";

/** A place where containerd would look for an image of a registry: the registry itself, or a mirror. */
export interface RegistryPlace {
  /** The image there: at another host, and behind a proxy of registries in another repository. */
  readonly name: ImageName;
  readonly settings: HostSettings;
}

/** All of them in containerd's order, and why others of the file cannot be asked. */
export interface RegistryPlaces {
  readonly places: readonly RegistryPlace[];
  readonly skipped: readonly string[];
}

/**
 * Where containerd would look for an image, by the `hosts.toml` below the first of `directories` that knows the registry; by
 * the certificates that lie there in its place; by neither, the registry itself (containerd's hosts.md). USAGE for a
 * file that makes no sense; NOT_FOUND and LOCAL_IO for a certificate that cannot be read.
 */
export async function containerdPlaces(name: ImageName, directories: readonly string[]): Promise<RegistryPlaces> {
  const directory = await findDirectory(name.host, directories);
  if (directory === undefined) return { places: [{ name, settings: usualSettings(name.host) }], skipped: [] };
  const path = join(directory, "hosts.toml");
  const text = await readHosts(path);
  // As containerd has it: an empty file is none.
  if (text === "") return { places: [{ name, settings: { certificateDirectory: directory } }], skipped: [] };
  const top = await tomlTop(text, { path, what: "containerd's file" });
  const members = new Map(membersOf(top));
  const hosts = members.get("host");
  const listed = hosts === undefined ? [] : membersOf(hosts);
  const found = [
    ...listed.map(([url, place]) => ({ url, place })),
    { url: serverOf(members.get("server")), place: top },
  ];
  const read = await Promise.all(found.map(async ({ url, place }) => await readPlace(name, url, place)));
  return {
    places: read.filter((one) => typeof one !== "string"),
    skipped: read.filter((one) => typeof one === "string"),
  };
}

/** The folder of a host: its port between underscores, as it is, or that for every other host. */
async function findDirectory(host: string, directories: readonly string[]): Promise<string | undefined> {
  const names = [host.replace(/:(\d+)$/, "_$1_"), host, "_default"];
  for (const path of directories.flatMap((directory) => names.map((name) => join(directory, name)))) {
    try {
      await stat(path);
      return path;
    } catch (error) {
      if (!["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) {
        throw ioError(error, `cannot read ${JSON.stringify(path)}`);
      }
    }
  }
  return undefined;
}

/** Nobody writes so much by hand. */
const sizeLimit = 256 * 1024;

/** Empty: there is no such file. */
async function readHosts(path: string): Promise<string> {
  try {
    const options = { what: JSON.stringify(path), followLinks: true };
    return Buffer.from(await readSmallFile(path, sizeLimit, options)).toString("utf8");
  } catch (error) {
    if (error instanceof OciEncError && error.code === "NOT_FOUND") return "";
    throw error;
  }
}

/** Containerd does not look at the certificate of a registry on this machine that nothing is configured for. */
function usualSettings(host: string): HostSettings {
  return isLoopbackHost(new URL(`https://${host}`).hostname) ? { verifyTls: false } : {};
}

/** Undefined: the registry's own address. */
function serverOf(place: TomlPlace | undefined): string | undefined {
  if (place === undefined || place.value === "") return undefined;
  if (typeof place.value === "string") return place.value;
  throw wrongMember(place, "is not a string");
}

/** One host of the file, or why it cannot be asked. */
async function readPlace(name: ImageName, url: string | undefined, place: TomlPlace): Promise<RegistryPlace | string> {
  const members = new Map(membersOf(place));
  if (!canPull(members.get("capabilities"))) return `${url ?? name.host} has not the capability pull`;
  if (members.has("proxy")) return `${url ?? name.host} is reached through a proxy of its own`;
  const at =
    url === undefined ? { name, plainHttp: false } : locate(name, url, members.get("override_path")?.value === true);
  if (typeof at === "string") return at;
  const skips = members.get("skip_verify")?.value === true;
  const usual = url === undefined && !members.has("ca") && !members.has("client") ? usualSettings(name.host) : {};
  return {
    name: at.name,
    settings: {
      ...usual,
      ...(await readHostFiles(members)),
      ...(at.plainHttp ? { plainHttp: true } : {}),
      ...(skips ? { verifyTls: false } : {}),
      ...(at.name.host === name.host ? {} : { namespace: name.host }),
    },
  };
}

function canPull(place: TomlPlace | undefined): boolean {
  if (place === undefined) return true;
  const words = textsOf(place).map((word) => word.toLowerCase());
  return words.length === 0 || words.includes("pull");
}

/** Where the image is at a host of the file; a text: why that cannot be asked. */
function locate(name: ImageName, server: string, isWhole: boolean): { name: ImageName; plainHttp: boolean } | string {
  const address = server.startsWith("http") ? server : `https://${server}`;
  if (!URL.canParse(address)) return "a host of it is not an address";
  const url = new URL(address);
  const path = url.pathname.replace(/\/+$/, "");
  const [, below] = /^\/v2(?:\/(.+))?$/.exec(path) ?? [];
  const known = path === "" || path === "/v2" || (isWhole && below !== undefined);
  if (!known || (path === "" && isWhole)) return `${url.host} has its API at another path than /v2`;
  const host = apiHost("docker.io") === url.host ? "docker.io" : url.host;
  const repository = below === undefined ? name.repository : `${below}/${name.repository}`;
  try {
    const moved = parseImageName(printImageName({ ...name, host, repository }));
    return { name: moved, plainHttp: url.protocol === "http:" };
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    return `${url.host} would have the image under a name that is none`;
  }
}
