import { OciEncError } from "../../errors.js";
import { looksLikeUri, type Pkcs11Uri, parsePkcs11Uri } from "./uri.js";

/** A key in a token, as a key file or a URI names it. */
export interface Pkcs11Key {
  readonly uri: Pkcs11Uri;
  /** Variables that the module wants while it works. */
  readonly environment: Readonly<Record<string, string>>;
  readonly origin: string;
}

/** Where a key was named: a file's content, or the text of an argument. */
export interface Pkcs11Source {
  readonly value: Uint8Array;
  readonly origin: string;
}

/**
 * Reads a key file of ocicrypt (YAML with `pkcs11.uri` and `module.env`) or a bare URI. Undefined: it is neither.
 * KEY_INVALID when it is one and malformed.
 */
export async function readPkcs11Key(source: Pkcs11Source): Promise<Pkcs11Key | undefined> {
  if (source.value.length > maximumSize) return undefined;
  const text = Buffer.from(source.value).toString("utf8").trim();
  const { origin } = source;
  if (looksLikeUri(text) && !/[\r\n]/.test(text)) return { uri: parsePkcs11Uri(text, origin), environment: {}, origin };
  // Most key files are something else: the parser is loaded only for those that may be one.
  if (!/\bpkcs11["']?\s*:/.test(text)) return undefined;
  const document = await parseYaml(text);
  const uri = member(member(document, "pkcs11"), "uri");
  if (typeof uri !== "string" || !uri.startsWith("pkcs11:")) {
    if (!isMapping(document) || !Object.hasOwn(document, "pkcs11")) return undefined;
    throw new OciEncError(
      "KEY_INVALID",
      `${JSON.stringify(origin)} is a PKCS#11 key file without a URI in pkcs11.uri`,
      {
        hint: 'it looks like {"pkcs11": {"uri": "pkcs11:token=…;object=…"}, "module": {"env": {}}}, in YAML or JSON',
      },
    );
  }
  const environment = readEnvironment(member(member(document, "module"), "env"), origin);
  return { uri: parsePkcs11Uri(uri, origin), environment, origin };
}

/** Parses YAML without custom tags and without room for aliases that multiply. Undefined when it is not YAML. */
export async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import("yaml");
  try {
    const parsed: unknown = parse(text, { schema: "core", maxAliasCount: 16, logLevel: "error" });
    return parsed;
  } catch {
    // Not YAML is an answer; the parser's message would quote the file, and with it a PIN.
    return undefined;
  }
}

/** A member of its own of a YAML mapping; undefined for anything else. */
export function member(value: unknown, name: string): unknown {
  if (!isMapping(value) || !Object.hasOwn(value, name)) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function isMapping(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

const maximumSize = 64 * 1024;

function readEnvironment(value: unknown, origin: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  const entries = typeof value === "object" ? Object.entries(value) : [["", value] as const];
  const strings = entries.map(([name, setting]): [string, string] => {
    const usable = typeof setting === "string" || typeof setting === "number" || typeof setting === "boolean";
    if (!usable || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || String(setting).includes("\u0000")) {
      throw new OciEncError(
        "KEY_INVALID",
        `${JSON.stringify(origin)} has a module.env that is not a list of variables`,
      );
    }
    return [name, String(setting)];
  });
  return Object.fromEntries(strings);
}
