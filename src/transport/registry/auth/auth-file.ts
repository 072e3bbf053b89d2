import { realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ioError, OciEncError, systemCode } from "../../../errors.js";
import { removeAbandonedDrafts } from "../../../files/abandoned-drafts.js";
import { writeDurably } from "../../../files/durable-file.js";
import { configFolder } from "../../../files/machine.js";
import { makeDirectory } from "../../../files/make-directory.js";
import { openRegularFile } from "../../../files/read-file.js";
import { jsonFault } from "../../../oci/json-text.js";
import type { Credentials } from "../../registry-options.js";
import type { Environment } from "../http/environment.js";
import { keyMatches } from "./auth-key.js";

/** A file of credentials as podman (`auth.json`), docker (`config.json`) or docker before 1.7 (`.dockercfg`) writes it. */
export interface AuthFile {
  readonly path: string;
  /** All that is in it, so that what we do not know survives a change; of the oldest form, as if it stood under `auths`. */
  readonly content: JsonObject;
  /** Others than its owner may read it. */
  readonly exposed: boolean;
  /** It is of the oldest form: its registries stand at the top, and nothing else does. */
  readonly bare: boolean;
}

/** A JSON object of unknown members. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Where credentials may lie, the first that knows the registry wins; a file that is named is the only one. */
export function authFilePaths(named: string | undefined, environment: Environment): readonly string[] {
  const only = named ?? environment.variables["REGISTRY_AUTH_FILE"];
  if (only) return [only];
  const runtime = environment.variables["XDG_RUNTIME_DIR"];
  return [
    ...(runtime ? [join(runtime, "containers", "auth.json")] : []),
    join(configFolder(environment), "containers", "auth.json"),
    dockerConfigPath(environment),
    join(environment.home, ".dockercfg"),
  ];
}

/** docker's own file, which podman reads too: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`. */
export function dockerConfigPath(environment: Environment): string {
  return join(environment.variables["DOCKER_CONFIG"] || join(environment.home, ".docker"), "config.json");
}

/** Undefined when there is no such file. USAGE when it is not a JSON object, LOCAL_IO when it cannot be read. */
export async function readAuthFile(path: string): Promise<AuthFile | undefined> {
  try {
    const file = await openRegularFile(path, { what: JSON.stringify(path), followLinks: true });
    try {
      if (file.size > sizeLimit) throw wrong(path, `it has more than ${sizeLimit} bytes`);
      const text = Buffer.from(await file.read({ start: 0, end: file.size })).toString("utf8");
      return {
        path,
        ...parseContent(text, path),
        exposed: process.platform !== "win32" && (file.mode & 0o077) !== 0,
      };
    } finally {
      await file[Symbol.asyncDispose]();
    }
  } catch (error) {
    if (error instanceof OciEncError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** USAGE when a file that was named is not there: a command that names one must not go on without credentials. Else as {@link readAuthFile}. */
export async function requireAuthFile(path: string): Promise<void> {
  if ((await readAuthFile(path)) === undefined) throw wrong(path, "there is no such file");
}

/** What the file itself holds under `key`; undefined when nothing. Never asks a helper. */
export function storedCredentials(file: AuthFile, key: string): Credentials | undefined {
  for (const [name, entry] of Object.entries(objectAt(file.content, "auths"))) {
    if (!keyMatches(name, key)) continue;
    if (typeof entry !== "object" || Array.isArray(entry))
      throw wrong(file.path, "an entry of its auths is not an object");
    const credentials = readEntry(asObject(entry), file.path);
    if (credentials) return credentials;
  }
  return undefined;
}

/** The helper that the file names for `key`: its own (`credHelpers`), or the one for all (`credsStore`). */
export function helperFor(
  file: AuthFile,
  key: string,
): { readonly own: string | undefined; readonly general: string | undefined } {
  const entry = Object.entries(objectAt(file.content, "credHelpers")).find(([name]) => keyMatches(name, key));
  const general = file.content["credsStore"];
  return { own: textOf(entry?.[1]), general: textOf(general) };
}

/**
 * The file with another entry for `key`, written as `spelled`; what was there for `key`, in any spelling, goes.
 * Undefined takes it away.
 */
export function withEntry(
  file: AuthFile,
  key: string,
  entry: JsonObject | undefined,
  spelled: string = key,
): JsonObject {
  const before = Object.entries(objectAt(file.content, "auths"));
  const others = before.filter(([name]) => !keyMatches(name, key));
  if (!entry && others.length === before.length) return file.content;
  return { ...file.content, auths: Object.fromEntries(entry ? [...others, [spelled, entry]] : others) };
}

/** Replaces the file whole, in its form, mode 0600; a symbolic link stays one. Makes its directory (0700). LOCAL_IO. */
export async function writeAuthFile(
  { path, bare }: Pick<AuthFile, "path" | "bare">,
  changed: JsonObject,
): Promise<void> {
  const content = bare ? objectAt(changed, "auths") : changed;
  await makeDirectory(dirname(path), 0o700);
  const target = await realpath(path).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return path;
    throw ioError(error, `cannot write ${JSON.stringify(path)}`);
  });
  await removeAbandonedDrafts(dirname(target));
  await writeDurably(target, Buffer.from(`${JSON.stringify(content, undefined, "\t")}\n`), 0o600);
}

/** A file of credentials is some kilobytes long. */
const sizeLimit = 4 * 1024 * 1024;

function parseContent(text: string, path: string): Pick<AuthFile, "content" | "bare"> {
  if (text.trim() === "") return { content: {}, bare: false };
  // Editors of Windows put a byte order mark before it.
  const json = text.replace(/^\uFEFF/, "");
  const fault = jsonFault(json);
  if (fault !== undefined) throw wrong(path, fault);
  const object = asObject(JSON.parse(json));
  if (!object) throw wrong(path, "it is not a JSON object");
  if (object["kind"] === "Secret") throw wrong(path, "it is a Kubernetes Secret, which holds such a file in base64");
  if (isBare(object)) return { content: { auths: object }, bare: true };
  for (const name of ["auths", "credHelpers"]) {
    if ((object[name] ?? undefined) !== undefined && !asObject(object[name]))
      throw wrong(path, `its ${name} is not an object`);
  }
  return { content: object, bare: false };
}

/** Every member is a registry with who one is there; what newer files have at the top is not. */
function isBare(object: JsonObject): boolean {
  const entries = Object.values(object).map(asObject);
  const members = ["auth", "identitytoken", "registrytoken", "username"];
  return entries.length > 0 && entries.every((entry) => members.some((name) => textOf(entry?.[name]) !== undefined));
}

function readEntry(entry: JsonObject | undefined, path: string): Credentials | undefined {
  if (!entry) return undefined;
  const identity = textOf(entry["identitytoken"]);
  if (identity !== undefined) return { kind: "identity-token", token: identity };
  const bearer = textOf(entry["registrytoken"]);
  if (bearer !== undefined) return { kind: "registry-token", token: bearer };
  const encoded = textOf(entry["auth"]);
  if (encoded !== undefined) return decodePair(encoded, path);
  const [username, password] = [textOf(entry["username"]), textOf(entry["password"])];
  return username !== undefined && password !== undefined ? { kind: "password", username, password } : undefined;
}

function decodePair(encoded: string, path: string): Credentials {
  const pair = Buffer.from(encoded, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon < 0) throw wrong(path, "an auth entry is not base64 of user:password");
  // docker writes a trailing NUL in old files.
  const [username, password] = [pair.slice(0, colon), pair.slice(colon + 1).replace(/\0+$/, "")];
  return username === "<token>"
    ? { kind: "identity-token", token: password }
    : { kind: "password", username, password };
}

function objectAt(object: JsonObject, key: string): JsonObject {
  return asObject(object[key]) ?? {};
}

function asObject(value: unknown): JsonObject | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function wrong(path: string, why: string): OciEncError {
  return new OciEncError("USAGE", `the file of credentials ${JSON.stringify(path)} cannot be used: ${why}`, {
    hint: "repair it, name another with --authfile, or use none with --no-creds",
  });
}
