import { OciEncError } from "../errors.js";
import { type Digest, isDigest } from "./digest.js";
import { credentialsHint, redactedReference } from "./redacted-reference.js";

/** `host/repository:tag@digest`, taken apart. Docker's reference grammar; Docker Hub's short names are completed. */
export interface ImageName {
  /** `docker.io`, `localhost:5000`. */
  readonly host: string;
  /** `library/bash`. */
  readonly repository: string;
  /** Undefined only where a digest is given without a tag. */
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

/** USAGE when `text` is not an image name. A missing tag is `latest`, unless there is a digest. */
export function parseImageName(text: string): ImageName {
  const [named, digest, ...more] = text.split("@");
  if (named === undefined || more.length > 0 || (digest !== undefined && !isDigest(digest))) throw notAName(text);
  const slash = named.lastIndexOf("/");
  const colon = named.indexOf(":", slash + 1);
  const path = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !isTag(tag)) throw notAName(text);
  const { host, repository } = splitHost(path);
  if (!isRegistryHost(host)) throw notAName(text, hostHint);
  if (!repositoryPattern.test(repository) || path.length > 255) throw notAName(text);
  return { host, repository, tag: tag ?? (digest === undefined ? "latest" : undefined), digest };
}

/** Whether `text` is a host that can be asked, with a port or without: a URL can be made of it, and no port is 0. */
export function isRegistryHost(text: string): boolean {
  return hostPattern.test(text) && !/:0+$/.test(text) && URL.canParse(`https://${text}`);
}

/** Distribution-spec: what may stand after the colon. */
export function isTag(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(text);
}

/** The whole name, with its host, tag and digest. */
export function printImageName(name: ImageName): string {
  const tag = name.tag === undefined ? "" : `:${name.tag}`;
  const digest = name.digest === undefined ? "" : `@${name.digest}`;
  return `${name.host}/${name.repository}${tag}${digest}`;
}

function splitHost(path: string): { host: string; repository: string } {
  const slash = path.indexOf("/");
  const first = path.slice(0, Math.max(slash, 0));
  const isHost = slash > 0 && (/[.:[]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  const host = isHost ? first : "docker.io";
  const repository = isHost ? path.slice(slash + 1) : path;
  if (host !== "docker.io" && host !== "index.docker.io") return { host, repository };
  return { host: "docker.io", repository: repository.includes("/") ? repository : `library/${repository}` };
}

const hostPattern =
  /^(?:(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?$/;
const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

const nameHint =
  "write [HOST/]REPOSITORY[:TAG][@DIGEST], the repository in lower case, for example registry.example/app:1";
const hostHint = "write the registry as HOST or HOST:PORT, an IPv6 address in brackets and a port from 1 to 65535";

function notAName(text: string, hint: string = nameHint): OciEncError {
  return new OciEncError("USAGE", `not an image name: ${redactedReference(text)}`, {
    hint: credentialsHint(text) ?? hint,
  });
}
