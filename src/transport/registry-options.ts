/** How to speak to a registry, and as whom. */
export interface RegistryOptions {
  /** Where credentials come from. Undefined: what the files of docker and podman say, as in `authFile`. */
  readonly keychain?: Keychain | undefined;
  /** For the registry that the reference names, and no other; the keychain is then not asked about it. */
  readonly credentials?: Credentials | undefined;
  /**
   * The only file of credentials to read, and there has to be one. Undefined: that of `REGISTRY_AUTH_FILE`, else those in the
   * usual places of podman and docker, as far as they are there.
   */
  readonly authFile?: string | undefined;
  /** For the registry that the reference names; never for a mirror of it, or another host or port that it sends us to. */
  readonly host?: HostSettings | undefined;
  /**
   * What holds for a host, by `name` or `name:port` as references write it, wherever an image leads to it, mirrors too. Each
   * setting gives way to that of `host`, `authFile`, `credentials` or `keychain`, where that is given.
   */
  readonly hosts?: ReadonlyMap<string, HostDefaults> | undefined;
  /** The registries.conf to read. Undefined: `CONTAINERS_REGISTRIES_CONF`, else the user's, else the system's; `none`: no file. */
  readonly registriesConf?: string | { readonly kind: "none" } | undefined;
  /** The registries.d to read. Undefined: the user's, else the system's. */
  readonly registriesDirectory?: string | undefined;
  /** Whose rules registries.d is read by: image-rs lets a scope be there twice, if both say the same. Default `containers`. */
  readonly registriesDialect?: "containers" | "image-rs" | undefined;
  /** Ask no other host than the image's own, and those that it names itself, for what belongs to the image. */
  readonly offline?: boolean | undefined;
  /** How often a request that may be repeated is repeated; default 5. */
  readonly retryTimes?: number | undefined;
  /**
   * Bytes that one request of an upload has at most, 65,536 or more; default all that there are, and fewer once the
   * registry or a proxy before it has refused a request as too large (413).
   */
  readonly chunkSize?: number | undefined;
  /** Requests that wait for their answer at once, for each host; default 8. A 429 lowers it for a while. */
  readonly parallel?: number | undefined;
  readonly timeouts?: RegistryTimeouts | undefined;
}

/** How one port of one host is reached. */
export interface HostSettings {
  /** Speak HTTP, credentials included. */
  readonly plainHttp?: boolean | undefined;
  /** False: take any certificate, and HTTP without credentials where the host speaks no TLS. Default true. */
  readonly verifyTls?: boolean | undefined;
  /** A directory of `*.crt`, `*.cert` and `*.key` in place of the `certs.d` directories. */
  readonly certificateDirectory?: string | undefined;
  /** PEM; trusted beside the usual authorities, for this port and where it sends us: which certificates are trusted is not a secret. */
  readonly certificateAuthority?: Uint8Array | undefined;
  /** Sent with every request to this port, and nowhere else. They may be secret. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Whose images a mirror is asked for, which it is told as the query `ns`, as containerd does. */
  readonly namespace?: string | undefined;
  /** PEM; shown to a host that asks for it, together with `clientKey`. */
  readonly clientCertificate?: Uint8Array | undefined;
  readonly clientKey?: Uint8Array | undefined;
}

/** What usually holds for one host. */
export interface HostDefaults extends HostSettings {
  /** As `authFile` of the options, for this host. */
  readonly authFile?: string | undefined;
  /** No credentials are sent to it. */
  readonly anonymous?: boolean | undefined;
}

/** Milliseconds. */
export interface RegistryTimeouts {
  /** Until the connection stands, its name resolved and TLS included; default 15 s. */
  readonly connect?: number | undefined;
  /**
   * Until an answer begins, counted from the last byte of the request; default 60 s. Where a blob is being stored, a second more
   * for each 16 MiB of it, up to ten minutes.
   */
  readonly response?: number | undefined;
  /** Until the next 64 KiB of a body have passed, sent or received; default 60 s. The time that the registry waits for us does not count. */
  readonly idle?: number | undefined;
  /** Until a message says that a host does not answer; default 10 s. */
  readonly notice?: number | undefined;
}

/** Finds the credentials for a registry. */
export interface Keychain {
  /** Undefined: no credentials. `repository`: one host may have several. */
  credentials(host: string, repository?: string): Promise<Credentials | undefined>;
}

/** A user name with its password; a refresh token (OAuth2); or a bearer token that is sent as it is. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  | { readonly kind: "identity-token"; readonly token: string }
  | { readonly kind: "registry-token"; readonly token: string };
