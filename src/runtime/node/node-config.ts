/** Container runtimes that can be configured to decrypt layers. */
export type NodeRuntime = "containerd" | "crio" | "k3s";

/** The runtimes that a configuration can be printed for. */
export const nodeRuntimes: readonly [NodeRuntime, ...NodeRuntime[]] = ["containerd", "crio", "k3s"];

/** Where things are on the node. */
export interface NodeConfigOptions {
  /** The stream processor; default `ctd-decoder`, looked up on PATH. */
  readonly decoder?: string | undefined;
  /** Default `defaultKeysPath`. */
  readonly keysPath?: string | undefined;
  /** Default `defaultProviderConfig`. */
  readonly providerConfig?: string | undefined;
  /** The major version of containerd that the file is for; default 1. K3s has its own. */
  readonly containerd?: 1 | 2 | undefined;
}

/** Where containerd and its tools look for the node's keys. */
export const defaultKeysPath = "/etc/containerd/ocicrypt/keys";

/** Where they look for key providers. */
export const defaultProviderConfig = "/etc/containerd/ocicrypt/ocicrypt_keyprovider.conf";

/** The exact text for a runtime's configuration file, with comments that say where it goes. */
export function nodeConfig(runtime: NodeRuntime, options: NodeConfigOptions = {}): string {
  switch (runtime) {
    case "containerd":
      return containerd(options.containerd ?? 1, options);
    case "k3s":
      return k3s(options);
    case "crio":
      return crio(options);
  }
}

function containerd(major: 1 | 2, options: NodeConfigOptions): string {
  return [
    "# /etc/containerd/config.toml; afterwards: systemctl restart containerd",
    `version = ${major === 2 ? 3 : 2}`,
    "",
    ...(major === 2 ? criOf2 : criOf1),
    "",
    ...processors(options),
  ].join("\n");
}

const criOf1: readonly string[] = ['[plugins."io.containerd.grpc.v1.cri".image_decryption]', '  key_model = "node"'];

const criOf2: readonly string[] = [
  "# Without this, containerd 2 pulls by another service, which sends no payload: the decoder has to search then.",
  "[plugins.'io.containerd.cri.v1.images']",
  "  use_local_image_pull = true",
  "",
  "[plugins.'io.containerd.cri.v1.images'.image_decryption]",
  "  key_model = 'node'",
];

/** Clients send their payload to these two ids only, so zstd shares the entry of gzip: containerd tells them apart by content. */
function processors(options: NodeConfigOptions): readonly string[] {
  const layer = "application/vnd.oci.image.layer.v1.tar";
  return [
    ...processor("tar.gzip", [`${layer}+gzip+encrypted`, `${layer}+zstd+encrypted`], `${layer}+gzip`, options),
    "",
    ...processor("tar", [`${layer}+encrypted`], layer, options),
    "",
  ];
}

function processor(
  id: string,
  accepts: readonly string[],
  returns: string,
  { decoder = "ctd-decoder", keysPath = defaultKeysPath, providerConfig = defaultProviderConfig }: NodeConfigOptions,
): readonly string[] {
  return [
    `[stream_processors."io.containerd.ocicrypt.decoder.v1.${id}"]`,
    `  accepts = [${accepts.map(quoted).join(", ")}]`,
    `  returns = ${quoted(returns)}`,
    `  path = ${quoted(decoder)}`,
    `  args = ["--decryption-keys-path", ${quoted(keysPath)}]`,
    `  env = [${quoted(`OCICRYPT_KEYPROVIDER_CONFIG=${providerConfig}`)}]`,
  ];
}

function k3s(options: NodeConfigOptions): string {
  return [
    "# /var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl for containerd 1.7, and config-v3.toml.tmpl for containerd 2;",
    "# afterwards: systemctl restart k3s, or k3s-agent",
    '{{ template "base" . }}',
    "",
    "# With config-v3.toml.tmpl only:",
    ...criOf2.slice(1).map((line) => (line === "" ? "#" : `# ${line}`)),
    "",
    ...processors(options),
  ].join("\n");
}

/** CRI-O decrypts layers itself, with the same library as skopeo: it needs only the keys. */
function crio({ keysPath = "/etc/crio/keys/" }: NodeConfigOptions): string {
  return [
    "# /etc/crio/crio.conf.d/10-decryption.conf; afterwards: systemctl restart crio",
    "# CRI-O decrypts layers itself and uses no stream processor. Its keys are PKCS#8 or PKCS#1 files without a passphrase.",
    "[crio.runtime]",
    `decryption_keys_path = ${quoted(keysPath)}`,
    "",
  ].join("\n");
}

/** A basic string of TOML, of which JSON's are a part. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
