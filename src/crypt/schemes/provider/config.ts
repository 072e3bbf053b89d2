import { OciEncError } from "../../../errors.js";
import { jsonFault } from "../../../oci/json-text.js";
import type { WrapperOptions } from "../../key-wrapper.js";
import { readSmallFile } from "./read-file.js";

/** A provider as its file describes it. */
export type ProviderConfig = CommandProvider | ServiceProvider;

/** An entry that cannot be used is an error only when its provider is asked. */
export type ProviderEntry = ProviderConfig | UnusableProvider;

/** An entry that is malformed, or leads to its provider by a way that is not known here: `ttrpc`, `native`. */
export interface UnusableProvider {
  readonly kind: "unusable";
  readonly name: string;
  readonly error: OciEncError;
}

/** A program that takes the question on standard input. */
export interface CommandProvider {
  readonly kind: "command";
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
}

/** A gRPC service. */
export interface ServiceProvider {
  readonly kind: "service";
  readonly name: string;
  /** `host:port`, or another form of gRPC's own naming such as `unix:///run/kp.sock`. */
  readonly address: string;
  /** Undefined: plain text. */
  readonly tls: ServiceTls | undefined;
}

/** Paths of files, empty where they are left out. */
export interface ServiceTls {
  /** Empty: the system's roots. */
  readonly rootCaFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** The name that the certificate must be for; empty: the host of the address. */
  readonly serverName: string;
  readonly insecureSkipVerify: boolean;
}

/** What the file lists. */
export interface Providers {
  readonly path: string;
  readonly byName: ReadonlyMap<string, ProviderEntry>;
}

/** The file that OCICRYPT_KEYPROVIDER_CONFIG names; undefined when the variable is not set. */
export function providersFile(options: WrapperOptions): string | undefined {
  return (options.environment ?? process.env)[variable] || undefined;
}

/**
 * Reads the file of {@link providersFile}. A file that is missing or broken is an error that names it, and quotes nothing
 * of it: NOT_FOUND, LOCAL_IO or USAGE. Whoever needs no provider does not read it.
 */
export async function readProviders(path: string): Promise<Providers> {
  const bytes = await readSmallFile(path, `the key provider configuration ${JSON.stringify(path)} (${variable})`);
  const file: File = { path };
  const listed = member(parse(bytes, file), "key-providers");
  if (!isObject(listed)) throw broken(file, 'has no object "key-providers"');
  const entries = Object.entries(listed).map(
    ([name, entry], index) => [name, readProvider(name, entry, { ...file, at: `provider ${index + 1}` })] as const,
  );
  return { path, byName: new Map(entries) };
}

const variable = "OCICRYPT_KEYPROVIDER_CONFIG";

interface File {
  readonly path: string;
}

interface Entry extends File {
  /** By its number: what is taken for a name may be a secret of another file. */
  readonly at: string;
}

function parse(bytes: Uint8Array, file: File): unknown {
  const text = Buffer.from(bytes).toString("utf8");
  const fault = jsonFault(text);
  if (fault !== undefined) throw broken(file, `cannot be used: ${fault}`);
  return JSON.parse(text);
}

function readProvider(name: string, entry: unknown, file: Entry): ProviderEntry {
  try {
    return usableProvider(name, entry, file);
  } catch (error) {
    if (error instanceof OciEncError) return { kind: "unusable", name, error };
    throw error;
  }
}

/** A command goes before a service where both are given, as in the peers. USAGE for what is neither. */
function usableProvider(name: string, entry: unknown, file: Entry): ProviderConfig {
  const { at } = file;
  const command = member(entry, "cmd");
  if (isObject(command)) {
    const path = text(command, "path");
    const args = member(command, "args") ?? [];
    if (path === "") throw broken(file, `gives ${at} no cmd.path`);
    if (!isTexts(args)) throw broken(file, `gives ${at} arguments that are not a list of texts`);
    return { kind: "command", name, path, args };
  }
  const address = text(entry, "grpc");
  if (address === "") {
    const other = ["ttrpc", "native"].find((way) => text(entry, way) !== "");
    throw broken(
      file,
      `gives ${at} ${other === undefined ? "" : `the way ${JSON.stringify(other)}, and `}neither cmd nor grpc`,
    );
  }
  const tls = member(entry, "grpc-tls");
  return { kind: "service", name, address, tls: isObject(tls) ? readTls(tls) : undefined };
}

function readTls(tls: object): ServiceTls {
  return {
    rootCaFile: text(tls, "root-ca-file"),
    certFile: text(tls, "cert-file"),
    keyFile: text(tls, "key-file"),
    serverName: text(tls, "server-name"),
    insecureSkipVerify: member(tls, "insecure-skip-verify") === true,
  };
}

function member(value: unknown, name: string): unknown {
  return isObject(value) ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}

function text(value: unknown, name: string): string {
  const found = member(value, name);
  return typeof found === "string" ? found : "";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function broken(file: File, how: string): OciEncError {
  return new OciEncError("USAGE", `the key provider configuration ${JSON.stringify(file.path)} ${how}`, {
    hint: 'it looks like {"key-providers": {"NAME": {"cmd": {"path": "PROGRAM", "args": []}}}}, or with "grpc": "HOST:PORT"',
  });
}
