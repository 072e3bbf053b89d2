import { OciEncError } from "../../errors.js";
import type { Payload } from "../payload.js";
import { contentStores } from "./content-roots.js";
import { findLayer } from "./find-layer.js";
import type { LayerHead } from "./layer-head.js";
import { type SearchNotes, SearchTime } from "./search.js";

/** How long it is looked for a layer, in milliseconds: containerd waits, and so does who pulls. */
const searchTime = 5000;

/** Each is tried with every key, which may be on a token or with a program. No honest layer has nearly as many. */
const mostEnvelopes = 100;

/**
 * What containerd's transfer service and Docker do not send: the envelopes of the layers that begin as `head` does, from the
 * manifests in containerd's content store. `root` as `contentStores` takes it. Throws where nothing is found: USAGE when no
 * content store is there, LOCAL_IO when one cannot be read, NOT_FOUND when no layer begins so.
 */
export function* storedPayloads(head: LayerHead, root: string | undefined): Generator<Payload> {
  const stores = contentStores(root);
  const notes: SearchNotes = { looked: [], unreadable: [], gaveUp: false };
  const time = new SearchTime(searchTime);
  let found = 0;
  for (const { annotations, size } of findLayer(head, { stores, notes, time })) {
    found += 1;
    yield { annotations, size, keys: [] };
    if (found === mostEnvelopes) return;
  }
  if (found === 0) throw nothingFound(head, stores, notes);
}

const noPayload = "no payload was passed on descriptor 3";
const nameIt = "name the root of containerd's configuration with --content-root";

function nothingFound(
  { bytes, whole }: LayerHead,
  stores: readonly string[],
  { looked, unreadable, gaveUp }: SearchNotes,
): OciEncError {
  const [closed] = unreadable;
  if (closed !== undefined) {
    return new OciEncError(
      "LOCAL_IO",
      `${noPayload}, and the content store ${quoted([closed.store])} cannot be read (${closed.code})`,
      {
        hint: `let the decoder run as a user who can read it, or ${nameIt}`,
      },
    );
  }
  if (looked.length === 0) {
    return new OciEncError("USAGE", `${noPayload}, and no content store of containerd is at ${quoted(stores)}`, {
      hint: nameIt,
    });
  }
  const what = whole ? `is these ${bytes.length} bytes` : "begins like this one";
  const where = gaveUp ? ` was found within ${searchTime / 1000} s` : "";
  return new OciEncError(
    "NOT_FOUND",
    `${noPayload}, and no encrypted layer that ${what}${where || " is"} in ${quoted(looked)}`,
    {
      hint: whole ? `the stream may have been cut; else ${nameIt}` : `is it another containerd? ${nameIt}`,
    },
  );
}

function quoted(paths: readonly string[]): string {
  return paths.map((path) => JSON.stringify(path)).join(", ");
}
