import { OciEncError } from "../../../errors.js";
import { answerTimeoutMs } from "../../../process/ask-command.js";
import { noticeWaiting } from "../../../progress.js";
import type { WrapperOptions } from "../../key-wrapper.js";
import type { ServiceProvider, ServiceTls } from "./config.js";
import { maximumAnswer, type Request } from "./protocol.js";
import { readSmallFile } from "./read-file.js";

/**
 * Asks a provider that is a gRPC service: one call, bounded in time and size, on a connection of its own.
 * KEY_PROVIDER, with the service's status, when it fails.
 */
export async function callService(
  config: ServiceProvider,
  request: Request,
  options: WrapperOptions,
): Promise<Uint8Array> {
  const [{ Client, status }, method, credentials] = await Promise.all([
    import("@grpc/grpc-js"),
    serviceMethod(request.operation),
    channelCredentials(config),
  ]);
  const client = new Client(config.address, credentials, {
    "grpc.max_receive_message_length": maximumAnswer,
    // A proxy of the environment is for registries, not for a service that is handed a layer's key.
    "grpc.enable_http_proxy": 0,
    ...(config.tls?.serverName ? { "grpc.ssl_target_name_override": config.tls.serverName } : {}),
  });
  const limitMs = options.providerTimeoutMs ?? answerTimeoutMs;
  using _ = noticeWaiting(`key provider ${JSON.stringify(config.name)}`, options.progress);
  const message = { [fieldNames.input]: Buffer.from(request.body) };
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      const call = client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        message,
        { deadline: Date.now() + limitMs },
        (error, answer) => {
          if (error)
            reject(failure(config, error.code === status.DEADLINE_EXCEEDED ? tooLate(limitMs) : error.details));
          else resolve(answerBytes(answer, config));
        },
      );
      options.signal?.addEventListener("abort", () => call.cancel(), { once: true });
    });
  } catch (error) {
    if (options.signal?.aborted) throw new OciEncError("ABORTED", "interrupted", { cause: error });
    throw error;
  } finally {
    client.close();
  }
}

const fieldNames = {
  input: "KeyProviderKeyWrapProtocolInput",
  output: "KeyProviderKeyWrapProtocolOutput",
} as const;

const methodNames = { wrap: "WrapKey", unwrap: "UnWrapKey" } as const;

/** What ocicrypt's keyprovider.proto declares, in the JSON form that needs no file beside the program. */
const declaration = {
  nested: {
    keyprovider: {
      nested: {
        keyProviderKeyWrapProtocolInput: { fields: { [fieldNames.input]: { type: "bytes", id: 1 } } },
        keyProviderKeyWrapProtocolOutput: { fields: { [fieldNames.output]: { type: "bytes", id: 1 } } },
        KeyProviderService: {
          methods: Object.fromEntries(
            Object.values(methodNames).map((name) => [
              name,
              {
                requestType: "keyProviderKeyWrapProtocolInput",
                responseType: "keyProviderKeyWrapProtocolOutput",
                comment: "",
              },
            ]),
          ),
        },
      },
    },
  },
};

async function serviceMethod(operation: Request["operation"]) {
  const { fromJSON } = await import("@grpc/proto-loader");
  const service = fromJSON(declaration, { keepCase: true })["keyprovider.KeyProviderService"];
  const method = service !== undefined && !("format" in service) ? service[methodNames[operation]] : undefined;
  if (method === undefined) throw new Error("the service's declaration has lost a method");
  return method;
}

async function channelCredentials({ tls, name }: ServiceProvider) {
  const { credentials } = await import("@grpc/grpc-js");
  if (tls === undefined) return credentials.createInsecure();
  const mutual = tls.certFile !== "" && tls.keyFile !== "";
  const [root, key, certificate] = await Promise.all([
    readOptional(tls.rootCaFile, name),
    readOptional(mutual ? tls.keyFile : "", name),
    readOptional(mutual ? tls.certFile : "", name),
  ]);
  return credentials.createSsl(root, key, certificate, verification(tls));
}

function verification(tls: ServiceTls): { readonly rejectUnauthorized?: boolean } {
  return tls.insecureSkipVerify ? { rejectUnauthorized: false } : {};
}

async function readOptional(path: string, provider: string): Promise<Buffer | null> {
  if (path === "") return null;
  return readSmallFile(path, `${JSON.stringify(path)} of key provider ${JSON.stringify(provider)}`);
}

function answerBytes(answer: object | undefined, config: ServiceProvider): Uint8Array {
  const bytes: unknown = answer && Object.getOwnPropertyDescriptor(answer, fieldNames.output)?.value;
  if (bytes instanceof Uint8Array) return bytes;
  throw failure(config, "it answered without a result");
}

function tooLate(limitMs: number): string {
  return `it did not answer within ${Math.round(limitMs / 1000)} s`;
}

function failure(config: ServiceProvider, why: string): OciEncError {
  const safe = JSON.stringify(why.slice(0, 500));
  return new OciEncError(
    "KEY_PROVIDER",
    `key provider ${JSON.stringify(config.name)} at ${JSON.stringify(config.address)} failed: ${safe}`,
  );
}
