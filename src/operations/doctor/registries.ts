import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { ioError, systemCode } from "../../errors.js";
import { findProgram } from "../../process/find-program.js";
import { type AuthFile, authFilePaths, readAuthFile } from "../../transport/registry/auth/auth-file.js";
import { shownName } from "../../transport/registry/auth/credential-helper.js";
import { readRegistriesConf } from "../../transport/registry/config/registries-conf-files.js";
import { certificateParents, readTrust } from "../../transport/registry/http/certificates.js";
import type { Environment } from "../../transport/registry/http/environment.js";
import { attempt, type Found, good, missing, warning, wrong } from "./finding.js";

/** The files of credentials, and the programs that keep them. `named`: those that an option or the configuration names. */
export async function checkCredentials(named: readonly string[], environment: Environment): Promise<readonly Found[]> {
  const paths = named.length > 0 ? named : authFilePaths(undefined, environment);
  const findings = await Promise.all(paths.map((path) => attempt(() => checkAuthFile(path, named.includes(path)))));
  const all = findings.flat();
  return all.length > 0 ? all : [missing("there are none", "for registries that ask for them: oci-enc login REGISTRY")];
}

async function checkAuthFile(path: string, named: boolean): Promise<readonly Found[]> {
  const file = await readAuthFile(path);
  if (file === undefined)
    return named ? [wrong(`${JSON.stringify(path)} does not exist`, "oci-enc login makes it")] : [];
  const lacking: Found[] = [];
  for (const helper of helpersOf(file)) {
    const program = `docker-credential-${helper}`;
    if ((await findProgram(program)) !== undefined) continue;
    const message = `${JSON.stringify(path)} names a helper${shownName(helper)} that is not on PATH`;
    lacking.push(wrong(message, "install it, or take it out of the file and log in again"));
  }
  const count = Object.keys(file.content["auths"] ?? {}).length;
  const found = file.exposed
    ? warning(`others can read ${JSON.stringify(path)}`, `chmod 600 ${JSON.stringify(path)}`)
    : good(`${JSON.stringify(path)}: ${count} registries`);
  return [found, ...lacking];
}

function helpersOf({ content }: AuthFile): readonly string[] {
  const named = [content["credsStore"], ...Object.values(content["credHelpers"] ?? {})];
  return [...new Set(named.filter((name): name is string => typeof name === "string" && name !== ""))];
}

/** What registries.conf says, if it says something. */
export async function checkRegistriesConf(path: string | undefined, environment: Environment): Promise<Found> {
  const { rules, aliases } = await readRegistriesConf(path, environment);
  return good(`${rules.length} rules, ${aliases.size} short names`);
}

/** The authorities that certificates of registries are judged by: Node's own, and what is added to them. */
export async function checkCertificates(environment: Environment): Promise<readonly Found[]> {
  const extra = environment.variables["NODE_EXTRA_CA_CERTS"];
  const added = extra ? `, and those of ${JSON.stringify(extra)}` : "";
  const own = await attempt(async () => {
    // Node tells of a file that it cannot read, and goes on without it.
    if (extra) await readTrust("doctor", { certificateAuthority: await pemOf(extra) }, environment);
    return good(`${rootCertificates.length} authorities of Node${added}`);
  });
  const parents = await Promise.all(certificateParents(environment).map(foldersIn));
  const folders = await Promise.all(parents.flat().map((folder) => attempt(() => checkFolder(folder, environment))));
  return [...own, ...folders.flat()];
}

async function checkFolder(folder: string, environment: Environment): Promise<Found> {
  await readTrust("doctor", { certificateDirectory: folder }, environment);
  return good(JSON.stringify(folder));
}

/** The directories in a `certs.d`, one for each host. */
async function foldersIn(parent: string): Promise<readonly string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch((error: unknown) => {
    if (systemCode(error) === undefined) throw error;
    // It is not there, or this user may not look into it: then it counts for nothing.
    return [];
  });
  return entries.filter((entry) => !entry.isFile()).map(({ name }) => join(parent, name));
}

async function pemOf(path: string): Promise<Uint8Array> {
  return await readFile(path).catch((error: unknown) => {
    throw ioError(error, `NODE_EXTRA_CA_CERTS: cannot read ${JSON.stringify(path)}`);
  });
}
