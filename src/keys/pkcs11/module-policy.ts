import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { ioError, OciEncError, systemCode } from "../../errors.js";
import type { Environment } from "../../process/child-environment.js";
import { member, parseYaml } from "./key-yaml.js";
import type { Pkcs11Uri } from "./uri.js";

/** Which modules may be loaded into this process, and where they are looked for. */
export interface ModulePolicy {
  /** For messages: the file, or `internal`. */
  readonly origin: string;
  readonly directories: readonly string[];
  /** Files; or, with a slash at the end, directories whose own files are meant. */
  readonly allowed: readonly string[];
}

/**
 * The policy in force: the file named by OCICRYPT_CONFIG, or the built-in one where it says `internal`; else the user's
 * ocicrypt.conf, else /etc/ocicrypt.conf. A module is code: without a policy none is loaded. USAGE when there is none
 * or it is malformed; NOT_FOUND when the variable names a file that is missing.
 */
export async function readModulePolicy(environment: Environment): Promise<ModulePolicy> {
  const policy = await findModulePolicy(environment);
  if (policy !== undefined) return policy;
  throw new OciEncError("USAGE", "no policy says which PKCS#11 modules may be loaded", {
    hint: "set OCICRYPT_CONFIG to the word internal, or to a file that lists pkcs11.module-directories and pkcs11.allowed-module-paths",
  });
}

/** The same; undefined when there is none. */
export async function findModulePolicy(environment: Environment): Promise<ModulePolicy | undefined> {
  const named = environment["OCICRYPT_CONFIG"];
  if (named === "internal") return internalPolicy;
  if (named) return await parsePolicy(readText(named), named);
  for (const path of usualPaths(environment)) {
    const text = readIfThere(path);
    if (text !== undefined) return await parsePolicy(text, path);
  }
  return undefined;
}

/** The module that a URI names. KEY_INVALID when it names none; NOT_FOUND or DENIED when none may be used. */
export function findModule(uri: Pkcs11Uri, policy: ModulePolicy): string {
  const path = locate(uri, policy);
  if (isAllowed(path, policy)) return path;
  throw new OciEncError("DENIED", `the PKCS#11 module ${JSON.stringify(path)} is not allowed by ${policy.origin}`, {
    hint: "add it, or its directory with a slash at the end, to pkcs11.allowed-module-paths",
  });
}

/** The built-in lists of ocicrypt. */
const internalDirectories: readonly string[] = [
  "/usr/lib64/pkcs11/",
  "/usr/lib/pkcs11/",
  "/usr/local/lib/pkcs11/",
  "/usr/lib/softhsm/",
  ...["x86_64", "aarch64", "arm", "powerpc64le", "riscv64", "s390x"].map((name) => `/usr/lib/${name}-linux-gnu/`),
];

const internalPolicy: ModulePolicy = {
  origin: "the built-in list (OCICRYPT_CONFIG=internal)",
  directories: internalDirectories,
  allowed: internalDirectories,
};

function usualPaths(environment: Environment): readonly string[] {
  const { XDG_CONFIG_HOME: config, HOME: home } = environment;
  return [
    ...(config ? [join(config, "ocicrypt.conf")] : []),
    ...(home ? [join(home, ".config", "ocicrypt.conf")] : []),
    "/etc/ocicrypt.conf",
  ];
}

async function parsePolicy(text: string, path: string): Promise<ModulePolicy> {
  const section = member(await parseYaml(text), "pkcs11");
  return {
    origin: JSON.stringify(path),
    directories: texts(member(section, "module-directories"), path),
    allowed: texts(member(section, "allowed-module-paths"), path),
  };
}

function texts(value: unknown, path: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new OciEncError(
    "USAGE",
    `the PKCS#11 module policy ${JSON.stringify(path)} has a list that is not a list of paths`,
  );
}

function locate(uri: Pkcs11Uri, policy: ModulePolicy): string {
  const path = uri.modulePath === undefined ? undefined : normalize(uri.modulePath);
  if (path !== undefined && !isDirectory(path)) return path;
  if (uri.moduleName === undefined) {
    throw new OciEncError("KEY_INVALID", "the PKCS#11 URI names no module", {
      hint: "add ?module-name=NAME or ?module-path=/path/of/module.so to it",
    });
  }
  const directories = path === undefined ? policy.directories : [path];
  for (const directory of directories) {
    const file = filesOf(directory).find((name) => isNamed(name, uri.moduleName ?? ""));
    if (file !== undefined) return join(directory, file);
  }
  throw new OciEncError("NOT_FOUND", `no PKCS#11 module ${JSON.stringify(uri.moduleName)} in ${policy.origin}`, {
    hint: `looked in ${directories.length} directories; add one to pkcs11.module-directories`,
  });
}

/** `softhsm2` and `libsofthsm2.so` both name `libsofthsm2.so`; `softhsm` does not: the name ends, or a dot follows. */
function isNamed(file: string, name: string): boolean {
  const at = file.toLowerCase().indexOf(name.toLowerCase());
  if (at < 0 || name === "") return false;
  const next = file[at + name.length];
  return next === undefined || next === ".";
}

function isAllowed(path: string, policy: ModulePolicy): boolean {
  return policy.allowed.some((entry) => (entry.endsWith("/") ? join(dirname(path), "/") === entry : entry === path));
}

function filesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .map((name) => basename(name))
      .sort();
  } catch (error) {
    // Lists name the directories of many systems; those that are not here have no modules.
    if (systemCode(error) === undefined) throw error;
    return [];
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw ioError(error, `the PKCS#11 module policy ${JSON.stringify(path)}`);
  }
}

function readIfThere(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? undefined : readText(path);
}
