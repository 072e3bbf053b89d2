import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { ioError } from "../../../errors.js";
import { membersOf, type TomlPlace, wrongMember } from "../../../files/toml-place.js";
import type { HostSettings } from "../../registry-options.js";

/** What a host of `hosts.toml` says of certificates and headers; the names of files are relative to the file. */
export async function readHostFiles(members: ReadonlyMap<string, TomlPlace>): Promise<HostSettings> {
  const authorities = await Promise.all(filesOf(members.get("ca")).map(read));
  const client = clientOf(members.get("client"));
  const certificate = client && (await read(client.certificate));
  const key = client && client.key !== client.certificate ? await read(client.key) : certificate;
  const headers = headersOf(members.get("header"));
  return {
    ...(authorities.length > 0
      ? { certificateAuthority: Buffer.concat(authorities.flatMap((pem) => [pem, lineBreak])) }
      : {}),
    ...(certificate && key ? { clientCertificate: certificate, clientKey: key } : {}),
    ...(headers ? { headers } : {}),
  };
}

const lineBreak = Buffer.from("\n");

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw ioError(error, `cannot read ${JSON.stringify(path)}`);
  }
}

/** One name, or a list of them. */
function filesOf(place: TomlPlace | undefined): readonly string[] {
  if (place === undefined) return [];
  const listed: readonly unknown[] = Array.isArray(place.value) ? place.value : [place.value];
  return listed.map((name) => fileOf(name, place));
}

function fileOf(name: unknown, place: TomlPlace): string {
  if (typeof name === "string" && name !== "") return resolve(place.file.directory, name);
  throw wrongMember(place, "is not the name of a file");
}

/** A file with both, or one for each; of several, which would be chosen by the registry's authorities, none can be. */
function clientOf(place: TomlPlace | undefined): { readonly certificate: string; readonly key: string } | undefined {
  if (place === undefined) return undefined;
  const listed: readonly unknown[] = Array.isArray(place.value) ? place.value : [place.value];
  const [only, ...more] = listed;
  if (only === undefined) return undefined;
  if (more.length > 0) throw wrongMember(place, "names several client certificates, and one is shown");
  const pair: readonly unknown[] = Array.isArray(only) ? only : [only];
  const certificate = fileOf(pair[0], place);
  return { certificate, key: pair[1] === undefined || pair[1] === "" ? certificate : fileOf(pair[1], place) };
}

function headersOf(place: TomlPlace | undefined): Readonly<Record<string, string>> | undefined {
  if (place === undefined) return undefined;
  return Object.fromEntries(
    membersOf(place).map(([name, { value }]) => {
      const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
      if (texts.every((text) => typeof text === "string")) return [name.toLowerCase(), texts.join(", ")];
      throw wrongMember(place, "has a header that is not a string");
    }),
  );
}
