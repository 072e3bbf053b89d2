import { createHash } from "node:crypto";
import { memoized } from "../../../bytes/memoized.js";
import { OciEncError } from "../../../errors.js";
import type { DecryptionKey, EncryptionKey, KeyWrapper, WrappedKey, WrapperOptions } from "../../key-wrapper.js";
import { callCommand } from "./command.js";
import { type ProviderConfig, type ProviderEntry, type Providers, providersFile, readProviders } from "./config.js";
import { type Request, readAnnotation, readSecret, unwrapRequest, wrapRequest } from "./protocol.js";
import { describeWrappedKey } from "./wrapped-key.js";

/**
 * Key providers of ocicrypt: programs and services that wrap and unwrap elsewhere, named in the file that
 * OCICRYPT_KEYPROVIDER_CONFIG points to. `wire-format.md` 4.5. A provider gets its own parameter and nothing else: no other
 * key, passphrase or recipient of the operation.
 */
export const provider: KeyWrapper = {
  scheme: "provider",

  async wrapFor(keys, options = {}) {
    const providers = await configured(options);
    const recipients = keys.map((key) => ({ ...parseArgument(key), config: lookUp(providers, key) }));
    return async (secret) => {
      const wrappedKeys: WrappedKey[] = [];
      for (const { name, parameter, config } of recipients) {
        const answer = await call(config, wrapRequest(name, parameter, secret), options);
        wrappedKeys.push({ suffix: suffixOf(name), bytes: readAnnotation(answer, config.name) });
      }
      return wrappedKeys;
    };
  },

  /**
   * Providers that the file lists are asked without being named, as other tools do: the keys are theirs. Then the file is
   * read with the first wrapped key of a provider, so that a broken one is no error where none is needed.
   */
  async unwrapWith(keys, options = {}) {
    const own = keys.filter((key) => key.scheme === "provider");
    const named = own.length > 0 ? await configured(options) : undefined;
    const path = providersFile(options);
    if (path === undefined) return undefined;
    const parameters = new Map(
      own.map((key) => {
        const { name, parameter } = parseArgument(key);
        if (named) lookUp(named, key);
        return [name, parameter];
      }),
    );
    const providers = memoized(async () => named ?? (await readProviders(path)));
    return {
      used: own,
      async unwrap(wrapped) {
        const name = wrapped.suffix.slice(prefix.length);
        const config = await providers()
          .then(({ byName }) => askable(byName.get(name)))
          .catch(notAsked);
        if (config === undefined) return undefined;
        const answer = await call(config, unwrapRequest(name, parameters.get(name), wrapped.bytes), options);
        return readSecret(answer, config.name);
      },
    };
  },

  /** Wrapped keys name their provider; only the provider knows which of its keys a parameter chose. */
  async identify(keys) {
    return keys.map((key) => {
      const { name, parameter } = parseArgument(key);
      const thumbprint = createHash("sha256").update(`${name}:${parameter}`).digest("base64url");
      return { scheme: "provider", id: name, thumbprint, aliases: [], key };
    });
  },

  recipients: ({ suffix, bytes }) => [describeWrappedKey(suffix.slice(prefix.length), bytes)],
};

const prefix = "provider.";

function suffixOf(name: string): string {
  return `${prefix}${name}`;
}

/** `NAME` or `NAME:PARAMETER`; the parameter may hold colons. */
function parseArgument(key: EncryptionKey | DecryptionKey): { readonly name: string; readonly parameter: string } {
  const text = Buffer.from(key.value).toString("utf8");
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  if (!/^[A-Za-z0-9_.-]{1,128}$/.test(name)) {
    throw new OciEncError("USAGE", `not a key provider's name: ${JSON.stringify(key.origin.slice(0, 128))}`, {
      hint: "write provider:NAME or provider:NAME:PARAMETERS",
    });
  }
  // What other tools send where no parameter is given.
  return { name, parameter: colon < 0 ? "Enabled" : text.slice(colon + 1) };
}

/** USAGE for an entry that cannot be used. */
function askable(entry: ProviderEntry | undefined): ProviderConfig | undefined {
  if (entry?.kind === "unusable") throw entry.error;
  return entry;
}

/** A wrapped key whose provider cannot be looked up counts as one whose provider failed: KEY_PROVIDER. */
function notAsked(error: unknown): never {
  if (!(error instanceof OciEncError)) throw error;
  throw new OciEncError("KEY_PROVIDER", error.message, { hint: error.hint, cause: error });
}

async function configured(options: WrapperOptions): Promise<Providers> {
  const path = providersFile(options);
  if (path !== undefined) return await readProviders(path);
  throw new OciEncError("USAGE", "no key provider is configured", {
    hint: "set OCICRYPT_KEYPROVIDER_CONFIG to the path of a file that lists them under key-providers",
  });
}

function lookUp(providers: Providers, key: EncryptionKey | DecryptionKey): ProviderConfig {
  const { name } = parseArgument(key);
  const config = askable(providers.byName.get(name));
  if (config !== undefined) return config;
  const path = JSON.stringify(providers.path);
  throw new OciEncError("USAGE", `the key provider ${JSON.stringify(key.origin.slice(0, 128))} is not in ${path}`, {
    hint: `name one of those that it lists under key-providers: there are ${providers.byName.size}`,
  });
}

async function call(config: ProviderConfig, request: Request, options: WrapperOptions): Promise<Uint8Array> {
  if (config.kind === "command") return callCommand(config, request, options);
  const { callService } = await import("./service.js");
  return callService(config, request, options);
}
