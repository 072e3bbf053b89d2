import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mediaTypes } from "../../../src/oci/media-type.js";
import { signedVectors } from "./signed-vectors.js";

/** A manifest as the registry names it. */
export interface StoredManifest {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** One repository of a registry on this machine, without a tool in between. */
export interface SignedPlace {
  readonly host: string;
  readonly repository: string;
  /** `HOST/REPOSITORY:v1`. */
  readonly tagged: string;
  /** `HOST/REPOSITORY@DIGEST`. */
  at(digest: string): string;
  put(image: "one" | "two", tag?: string): Promise<StoredManifest>;
  /** Stores a manifest under its digest, or a tag. */
  putManifest(bytes: Uint8Array, mediaType: string, tag?: string): Promise<StoredManifest>;
  putBlob(bytes: Uint8Array): Promise<void>;
  /** What stands under a tag or digest; undefined: nothing. */
  manifest(name: string): Promise<{ readonly digest: string; readonly text: string } | undefined>;
}

/** The place `repository` of the registry at `host`. */
export function signedPlace(host: string, repository: string): SignedPlace {
  const base = `http://${host}/v2/${repository}`;
  const accept = [mediaTypes.ociManifest, mediaTypes.ociIndex].join(", ");
  const place: SignedPlace = {
    host,
    repository,
    tagged: `${host}/${repository}:v1`,
    at: (digest) => `${host}/${repository}@${digest}`,
    async put(image, tag = "v1") {
      const layout = join(signedVectors, "images", image);
      const read = (digest: string) => readFileSync(join(layout, "blobs", ...digest.split(":")));
      const index: { manifests: [StoredManifest] } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
      const [{ digest, mediaType }] = index.manifests;
      const manifest: { config: StoredManifest; layers: StoredManifest[] } = JSON.parse(read(digest).toString());
      for (const blob of [manifest.config, ...manifest.layers]) await place.putBlob(read(blob.digest));
      return await place.putManifest(read(digest), mediaType, tag);
    },
    async putManifest(bytes, mediaType, tag) {
      const digest = digestOf(bytes);
      const url = `${base}/manifests/${tag ?? digest}`;
      await expectStatus(201, fetch(url, { method: "PUT", headers: { "content-type": mediaType }, body: bytes }));
      return { mediaType, digest, size: bytes.length };
    },
    async putBlob(bytes) {
      const started = await expectStatus(202, fetch(`${base}/blobs/uploads/`, { method: "POST" }));
      const url = new URL(started.headers.get("location") ?? "", base);
      url.searchParams.set("digest", digestOf(bytes));
      await expectStatus(201, fetch(url, { method: "PUT", body: bytes }));
    },
    async manifest(name) {
      const answer = await fetch(`${base}/manifests/${name}`, { headers: { accept } });
      const text = await answer.text();
      if (answer.status === 404) return undefined;
      return { digest: answer.headers.get("docker-content-digest") ?? "", text };
    },
  };
  return place;
}

/** Makes what signs `from`, under its tags, pose as signatures of `to`. */
export async function regraft(place: SignedPlace, from: StoredManifest, to: StoredManifest): Promise<void> {
  const tag = ({ digest }: StoredManifest) => digest.replace(":", "-");
  const signatures = await place.manifest(`${tag(from)}.sig`);
  if (signatures) await place.putManifest(Buffer.from(signatures.text), mediaTypes.ociManifest, `${tag(to)}.sig`);
  const list = await place.manifest(tag(from));
  if (!list) return;
  const index: { manifests: readonly StoredManifest[] } = JSON.parse(list.text);
  const manifests: StoredManifest[] = [];
  for (const entry of index.manifests) {
    const referrer = await place.manifest(entry.digest);
    const bytes = Buffer.from(JSON.stringify({ ...JSON.parse(referrer?.text ?? ""), subject: to }));
    manifests.push({ ...entry, ...(await place.putManifest(bytes, entry.mediaType)) });
  }
  await place.putManifest(Buffer.from(JSON.stringify({ ...index, manifests })), mediaTypes.ociIndex, tag(to));
}

async function expectStatus(status: number, asking: Promise<Response>): Promise<Response> {
  const answer = await asking;
  if (answer.status === status) return answer;
  throw new Error(`${answer.url} answers ${answer.status}, and not ${status}: ${await answer.text()}`);
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
