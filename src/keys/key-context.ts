import type { Progress } from "../progress.js";

/** Where schemes find what is not in a key: programs, services, modules. */
export interface SchemeSettings {
  /** GnuPG's directory; its own default, or GNUPGHOME, when undefined. */
  readonly gpgHomedir?: string | undefined;
  /** Which GnuPG: `gpg` for v1, `gpg2` for v2; undefined: `gpg2` where there is one, else `gpg`. */
  readonly gpgVersion?: "v1" | "v2" | undefined;
  /** How long a key provider may take over one wrapped key; default one minute. */
  readonly providerTimeoutMs?: number | undefined;
  /** Where the variables that configure schemes are looked up, and what programs are started with; default the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** What the code that uses a key is told beside it. */
export interface KeyContext extends SchemeSettings {
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}
