/** Where containerd and its tools look for the node's keys. */
export const defaultKeysPath = "/etc/containerd/ocicrypt/keys";

/** Where they look for key providers. */
export const defaultProviderConfig = "/etc/containerd/ocicrypt/ocicrypt_keyprovider.conf";

/** The variable that names the list of key providers. */
export const providerVariable = "OCICRYPT_KEYPROVIDER_CONFIG";

/** A stream processor, as containerd's configuration has it. */
export interface StreamProcessor {
  /** Media types of the layers that it is started for. */
  readonly accepts: readonly string[];
  /** The media type of what it writes. */
  readonly returns: string;
  readonly path: string;
  readonly args: readonly string[];
  /** `NAME=VALUE`, beside containerd's own environment. */
  readonly env: readonly string[];
}

/** The media type of a layer that is a plain tar archive; the others begin with it. */
export const tarLayer = "application/vnd.oci.image.layer.v1.tar";

/** Every media type of an encrypted layer that oci-enc decrypts. */
export const encryptedLayers: readonly string[] = ["", "+gzip", "+zstd"].map(
  (compression) => `${tarLayer}${compression}+encrypted`,
);

/** The two ids that clients send their payload to, and that are built into containerd. */
export const processorIds: readonly [tar: string, gzip: string] = [
  "io.containerd.ocicrypt.decoder.v1.tar",
  "io.containerd.ocicrypt.decoder.v1.tar.gzip",
];

/** What containerd 1.6 and later have where their configuration has no entry of the same id. */
export const builtInProcessors: ReadonlyMap<string, StreamProcessor> = new Map(
  ["", "+gzip"].map((compression, index) => [
    processorIds[index] ?? "",
    processor([`${tarLayer}${compression}+encrypted`], `${tarLayer}${compression}`, {}),
  ]),
);

/** What the entries of a node name. */
export interface ProcessorOptions {
  /** The stream processor; default `ctd-decoder`, looked up on containerd's PATH. */
  readonly decoder?: string | undefined;
  /** Default `defaultKeysPath`. */
  readonly keysPath?: string | undefined;
  /** Default `defaultProviderConfig`. */
  readonly providerConfig?: string | undefined;
  /** The `root` of containerd's configuration, where it is not one in which the decoder looks by itself. */
  readonly contentRoot?: string | undefined;
}

/**
 * The tables of both entries, in TOML. Zstd shares the entry of gzip, as clients send their payload to these two ids only:
 * containerd tells the two apart by the bytes.
 */
export function processorTables(options: ProcessorOptions): readonly string[] {
  const [tar, gzip] = processorIds;
  const [tarEncrypted = "", ...compressed] = encryptedLayers;
  return [
    ...table(gzip, processor(compressed, `${tarLayer}+gzip`, options)),
    "",
    ...table(tar, processor([tarEncrypted], tarLayer, options)),
  ];
}

function processor(accepts: readonly string[], returns: string, options: ProcessorOptions): StreamProcessor {
  const { decoder = "ctd-decoder", keysPath = defaultKeysPath, providerConfig = defaultProviderConfig } = options;
  const root = options.contentRoot === undefined ? [] : ["--content-root", options.contentRoot];
  return {
    accepts,
    returns,
    path: decoder,
    args: ["--decryption-keys-path", keysPath, ...root],
    env: [`${providerVariable}=${providerConfig}`],
  };
}

function table(id: string, { accepts, returns, path, args, env }: StreamProcessor): readonly string[] {
  return [
    `[stream_processors."${id}"]`,
    `  accepts = ${quotedList(accepts)}`,
    `  returns = ${quoted(returns)}`,
    `  path = ${quoted(path)}`,
    `  args = ${quotedList(args)}`,
    `  env = ${quotedList(env)}`,
  ];
}

function quotedList(texts: readonly string[]): string {
  return `[${texts.map(quoted).join(", ")}]`;
}

/** A basic string of TOML, of which JSON's are a part. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
