import { OciEncError } from "../../errors.js";
import { isTag } from "../../oci/image-name.js";
import { type JsonNode, memberOf, parseJson } from "../../oci/json-text.js";
import { manifestLimit } from "../../oci/manifest.js";
import { nextPage } from "./attachments/list-referrers.js";
import { documentProblem, type RegistryClient } from "./client.js";
import type { Document } from "./http/document.js";
import { bounded } from "./http/redact.js";
import { pullScopes, repositoryName } from "./manifests.js";

/** Every tag of the client's repository, page by page. NOT_FOUND, DENIED, UNAVAILABLE; CORRUPT when the answer is not a list of tags. */
export async function listTagsOf(client: RegistryClient): Promise<readonly string[]> {
  const what = `the tags of ${JSON.stringify(repositoryName(client))}`;
  const tags: string[] = [];
  const seen = new Set<string>();
  const asked = `/v2/${client.repository}/tags/list?n=1000`;
  let target: string | URL | undefined = asked;
  while (target !== undefined) {
    const document: Document = await client.document(
      { method: "GET", target, headers: { accept: "application/json" }, scopes: pullScopes(client), repeat: true },
      { what, limit: manifestLimit },
    );
    if (document.answer.status === 400 && target === asked) {
      target = asked.replace(/\?.*/, ""); // There are limits to how many may be asked for at once.
      continue;
    }
    if (document.answer.status !== 200) throw documentProblem(document, `cannot list ${what}`);
    tags.push(...readTags(document.bytes, what));
    seen.add(document.answer.url.href);
    target = nextPage(client, document, seen);
  }
  return tags;
}

/** `null`, or no list beside the name, is what is said of a repository whose last tag is gone. */
function readTags(bytes: Uint8Array, what: string): readonly string[] {
  const { root } = parseJson(bytes, what);
  const tags = memberOf(root, "tags");
  if (tags?.kind === "literal" && tags.value === null) return [];
  if (tags === undefined && memberOf(root, "name")?.kind === "string") return [];
  if (tags?.kind !== "array") throw new OciEncError("CORRUPT", `${what} came without a list`);
  return tags.items.map((item) => readTag(item, what));
}

/** Nothing else may pass: tags are printed a line each, and go into names. */
function readTag(item: JsonNode, what: string): string {
  if (item.kind === "string" && isTag(item.value)) return item.value;
  const wrong =
    item.kind === "string"
      ? `${JSON.stringify(bounded(item.value, 160))}, which is not a tag`
      : "an entry that is not a string";
  throw new OciEncError("CORRUPT", `${what} came with ${wrong}`);
}
