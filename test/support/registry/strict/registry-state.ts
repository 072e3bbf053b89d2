import type { ServerOptions } from "node:https";
import type { StrictAuth } from "./registry-auth.js";

/** How the strict registry behaves. */
export interface StrictOptions {
  readonly tls?: ServerOptions | undefined;
  readonly address?: string | undefined;
  readonly hostname?: string | undefined;
  readonly auth?: StrictAuth | undefined;
  /** Default true. */
  readonly referrersApi?: boolean | undefined;
  /** Says `OCI-Subject` although it lists nothing. */
  readonly saysSubject?: boolean | undefined;
  /** Announced as `OCI-Chunk-Min-Length`, and insisted on. */
  readonly chunkMinimum?: number | undefined;
  /** Default true. */
  readonly mounts?: boolean | undefined;
  /** Mounts without `from` look in every repository. Default false. */
  readonly anonymousMounts?: boolean | undefined;
  /** Entries of a page of tags or referrers. */
  readonly pageSize?: number | undefined;
}

/** One repository's content. */
export interface StoredRepository {
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, { readonly type: string; readonly bytes: Buffer }>;
  readonly tags: Map<string, string>;
}

/** An upload that has begun. */
export interface StoredUpload {
  readonly repository: string;
  readonly parts: Buffer[];
  size: number;
  /** Every answer has another; only the newest is taken. */
  state: number;
}

/** What all parts of the registry work on. */
export interface RegistryState {
  readonly options: StrictOptions;
  readonly repositories: Map<string, StoredRepository>;
  readonly uploads: Map<string, StoredUpload>;
}

/** The repository of that name, made when it is not there. */
export function repositoryOf(state: RegistryState, name: string): StoredRepository {
  const known = state.repositories.get(name) ?? { blobs: new Map(), manifests: new Map(), tags: new Map() };
  state.repositories.set(name, known);
  return known;
}

/** Where in the registry a request points. */
export interface Place {
  readonly state: RegistryState;
  readonly repository: string;
  readonly name: string;
}
