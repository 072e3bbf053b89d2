import { X509Certificate } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { ioError, OciEncError, systemCode } from "../../../errors.js";
import { configFolder } from "../../../files/machine.js";
import type { HostSettings } from "../../registry-options.js";
import type { Environment } from "./environment.js";

/** What TLS with one host is built on. */
export interface Trust {
  /** PEM of every authority; undefined: Node's own list. */
  readonly authorities: readonly string[] | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly verify: boolean;
}

/**
 * Collects what `settings` and the `certs.d` directories of podman and docker say of `host` (`name:port`):
 * `*.crt` are authorities, `X.cert` and `X.key` a client certificate. LOCAL_IO when one cannot be read, KEY_INVALID
 * when an authority is not a certificate, USAGE when a certificate lacks its key.
 */
export async function readTrust(host: string, settings: HostSettings, environment: Environment): Promise<Trust> {
  const found = await readFolder(await certificateFolder(host, settings, environment));
  const { certificateAuthority } = settings;
  const origin = `the authority given for ${JSON.stringify(host)}`;
  const given = certificateAuthority ? [requireCertificate(textOf(certificateAuthority), origin)] : [];
  const more = [...found.authorities, ...given];
  return {
    authorities:
      more.length === 0 ? undefined : [...rootCertificates, ...(await extraAuthorities(environment)), ...more],
    certificate: settings.clientCertificate ? textOf(settings.clientCertificate) : found.certificate,
    key: settings.clientKey ? textOf(settings.clientKey) : found.key,
    verify: settings.verifyTls !== false,
  };
}

/** The `certs.d` of podman and docker, the user's first. Each has a directory for each host. */
export function certificateParents(environment: Environment): readonly string[] {
  return [
    join(configFolder(environment), "containers", "certs.d"),
    join(environment.root, "etc", "containers", "certs.d"),
    join(environment.root, "etc", "docker", "certs.d"),
  ];
}

async function certificateFolder(
  host: string,
  settings: HostSettings,
  environment: Environment,
): Promise<string | undefined> {
  if (settings.certificateDirectory !== undefined) return settings.certificateDirectory;
  const parents = certificateParents(environment);
  // A URL does not keep the port that its scheme has anyway.
  const spellings = /:\d+$/.test(host) ? [host] : [host, `${host}:443`];
  for (const folder of parents.flatMap((parent) => spellings.map((name) => join(parent, name)))) {
    if ((await names(folder)) !== undefined) return folder;
  }
  return undefined;
}

interface FolderContent {
  readonly authorities: readonly string[];
  readonly certificate?: string;
  readonly key?: string;
}

async function readFolder(folder: string | undefined): Promise<FolderContent> {
  if (folder === undefined) return { authorities: [] };
  const files = await names(folder);
  if (files === undefined) throw new OciEncError("NOT_FOUND", `there is no directory ${JSON.stringify(folder)}`);
  const authorities = await Promise.all(
    files.filter((name) => name.endsWith(".crt")).map((name) => readAuthority(join(folder, name))),
  );
  const certificate = files.find((name) => name.endsWith(".cert"));
  if (certificate === undefined) return { authorities };
  const key = certificate.replace(/cert$/, "key");
  if (!files.includes(key)) {
    throw new OciEncError("USAGE", `${JSON.stringify(join(folder, certificate))} has no key beside it`, {
      hint: `put the private key into ${JSON.stringify(key)}; authorities end in .crt`,
    });
  }
  return { authorities, certificate: await readPem(join(folder, certificate)), key: await readPem(join(folder, key)) };
}

async function names(folder: string): Promise<readonly string[] | undefined> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return undefined;
    throw ioError(error, `cannot read ${JSON.stringify(folder)}`);
  }
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw ioError(error, `cannot read ${JSON.stringify(file)}`);
  }
}

async function readAuthority(file: string): Promise<string> {
  return requireCertificate(await readPem(file), JSON.stringify(file));
}

/** TLS itself ignores what it cannot read, and then does not trust it. */
function requireCertificate(pem: string, origin: string): string {
  try {
    new X509Certificate(pem);
    return pem;
  } catch (error) {
    throw new OciEncError("KEY_INVALID", `there is no certificate in ${origin}`, {
      cause: error,
      hint: "an authority, of --ca-file or as *.crt, is a certificate in PEM: BEGIN CERTIFICATE",
    });
  }
}

/** Naming authorities by hand makes Node forget this variable, so it is read here. */
async function extraAuthorities(environment: Environment): Promise<readonly string[]> {
  const file = environment.variables["NODE_EXTRA_CA_CERTS"];
  return file ? [await readPem(file)] : [];
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}
