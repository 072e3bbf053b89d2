import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { providersFile, readProviders } from "../../crypt/schemes/provider/config.js";
import { OciEncError } from "../../errors.js";
import type { KeyContext } from "../../keys/key-context.js";
import { findGpg } from "../../keys/pgp/gpg.js";
import { loadApi } from "../../keys/pkcs11/module-api.js";
import { findModulePolicy } from "../../keys/pkcs11/module-policy.js";
import type { Environment } from "../../process/child-environment.js";
import { findProgram, isExecutable } from "../../process/find-program.js";
import { versionOf } from "../../process/program-version.js";
import { type Found, good, missing, wrong } from "./finding.js";

/** GnuPG, which has the keys of `pgp:ID`; those of files need no program. */
export async function checkGpg(context: KeyContext): Promise<Found> {
  try {
    const { program } = await findGpg(context);
    return good(`${program} ${(await versionOf(program)) ?? ""}`.trimEnd());
  } catch (error) {
    if (!(error instanceof OciEncError && error.code === "NOT_FOUND")) throw error;
    return missing(error.message, "only for pgp:ID and gpg: keys: apt-get install gnupg; pgp:FILE needs none");
  }
}

/** What loads PKCS#11 modules. */
export async function checkPkcs11(environment: Environment): Promise<readonly Found[]> {
  const policy = await findModulePolicy(environment);
  if (policy === undefined) {
    return [missing("no policy says which modules may be loaded", `only for keys in tokens: ${policyRemedy}`)];
  }
  const lists = await Promise.all(policy.directories.map(modulesIn));
  const modules = [...new Set(lists.flat())];
  const found =
    modules.length === 0
      ? missing(`no module is in the directories of ${policy.origin}`, moduleRemedy)
      : good(`modules by ${policy.origin}: ${modules.join(", ")}`);
  return [found, await checkApi()];
}

const policyRemedy = "set OCICRYPT_CONFIG=internal, or write ocicrypt.conf; docs/keys.md says how";
const moduleRemedy = "only for keys in tokens: install the module of your token, as softhsm2 or opensc-pkcs11";

async function checkApi(): Promise<Found> {
  try {
    await loadApi();
    return good("the package pkcs11js can be loaded");
  } catch (error) {
    if (!(error instanceof OciEncError)) throw error;
    return missing(error.message, `only for keys in tokens: ${error.hint}`);
  }
}

/** By the names that modules usually have: the directories hold all libraries of a system. */
async function modulesIn(directory: string): Promise<readonly string[]> {
  // Lists name the directories of many systems; those that are not here have no modules.
  const names = await readdir(directory).catch((): string[] => []);
  return names
    .filter((name) => /(?:pkcs11|softhsm2|p11-kit-proxy).*\.so$/.test(name))
    .map((name) => join(directory, name));
}

/** The programs and services that hold keys, by OCICRYPT_KEYPROVIDER_CONFIG. */
export async function checkProviders(environment: Environment): Promise<readonly Found[]> {
  const path = providersFile({ environment });
  if (path === undefined) return [good("none: OCICRYPT_KEYPROVIDER_CONFIG is not set")];
  const { byName } = await readProviders(path);
  const findings = await Promise.all(
    [...byName.values()].map(async (entry, index): Promise<readonly Found[]> => {
      if (entry.kind === "unusable")
        return [wrong(entry.error.message, entry.error.hint ?? "docs/keys.md has its format")];
      if (entry.kind === "service" || (await isProgram(entry.path))) return [];
      const remedy = "install it, or give its path";
      return [wrong(`the program of provider ${index + 1} does not exist or is not executable`, remedy)];
    }),
  );
  return [good(`${byName.size} in ${JSON.stringify(path)}`), ...findings.flat()];
}

async function isProgram(path: string): Promise<boolean> {
  return path.includes("/") ? await isExecutable(path) : (await findProgram(path)) !== undefined;
}
