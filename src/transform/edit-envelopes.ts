import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { isEncrypted } from "../oci/media-type.js";
import { type LayerChange, type LayerContext, type LayerTransform, layerName } from "./layer-transform.js";
import { requireHonest } from "./open-layer.js";
import { allLayers, createChooser, type LayerSelection } from "./select.js";

/** What becomes of one encrypted layer's annotations; undefined: they stay as they are. */
export type EnvelopeEdit = (layer: Descriptor, context: LayerContext) => Promise<Annotations | undefined>;

type Annotations = Readonly<Record<string, string>>;

/** Which layers, and what has to hold when all have been asked about. */
export interface EnvelopeEditing {
  /** Default: every encrypted layer. */
  readonly select?: LayerSelection | undefined;
  /** Throws when the edit was not possible, or matched nothing. */
  finish(): void;
}

/**
 * Edits envelopes and touches no blob. Layers that are not encrypted are kept; USAGE when one of them was asked for by name,
 * or when there is no other.
 */
export function editingEnvelopes(edit: EnvelopeEdit, { select, finish }: EnvelopeEditing): LayerTransform {
  const chosen = createChooser(select ?? allLayers);
  const edited = once(edit);
  let encrypted = 0;
  return {
    configs: false,
    invalidatesSignatures: true,
    async layer(layer, context) {
      const choice = chosen.choose(layer, context);
      if (choice === "no") return keep;
      requireHonest(layer, context);
      if (!isEncrypted(layer.mediaType)) {
        if (choice === "implied") return keep;
        throw new OciEncError("USAGE", `${layerName(layer, context)} is not encrypted: it has no recipients`);
      }
      encrypted += 1;
      return relabelled(await edited(layer, context));
    },
    planned() {
      chosen.requireMatches();
      if (encrypted === 0) {
        throw new OciEncError("USAGE", "no layer of the image is encrypted", {
          hint: "encrypt it with oci-enc encrypt",
        });
      }
      finish();
    },
  };
}

/** The change that gives a layer other annotations; none when there are no others. */
export function relabelled(annotations: Annotations | undefined): LayerChange {
  if (!annotations) return keep;
  return { kind: "relabel", relabel: (layer) => ({ ...layer, annotations }) };
}

const keep: LayerChange = { kind: "keep" };

/** A layer that several platforms share keeps one envelope. */
function once(edit: EnvelopeEdit): EnvelopeEdit {
  const done = new Map<string, ReturnType<EnvelopeEdit>>();
  return (layer, context) => {
    const same = JSON.stringify([layer.digest, layer.annotations]);
    const result = done.get(same) ?? edit(layer, context);
    done.set(same, result);
    return result;
  };
}
