import { OciEncError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { isDigest } from "../oci/digest.js";
import type { LayerContext } from "./layer-transform.js";

/** Which layers are meant: those that an `include` matches, or all, less those that an `exclude` matches. */
export interface LayerSelection {
  readonly include: readonly LayerSelector[];
  readonly exclude: readonly LayerSelector[];
}

/** One selector, as somebody wrote it. */
export interface LayerSelector {
  readonly text: string;
  matches(layer: Descriptor, context: LayerPosition): boolean;
}

/** What a selector may know of a layer beside its descriptor. */
export type LayerPosition = Pick<LayerContext, "index" | "count"> & Partial<LayerContext>;

/** Everything. */
export const allLayers: LayerSelection = { include: [], exclude: [] };

/**
 * Reads selectors: `0` is the bottom layer, `-1` the top, `2..` and `-3..-1` are ranges with both ends, `0,2` a list,
 * `sha256:…` a digest. USAGE when one is none of these.
 */
export function parseLayerSelection(include: readonly string[], exclude: readonly string[] = []): LayerSelection {
  return { include: include.flatMap(parseList), exclude: exclude.flatMap(parseList) };
}

/** Asks a selection about layers, and remembers which selectors ever matched. */
export interface LayerChooser {
  /** `named`: an `include` asked for it; `implied`: everything is meant. */
  choose(layer: Descriptor, context: LayerPosition): "named" | "implied" | "no";
  /** USAGE when a selector has matched no layer of the image. */
  requireMatches(): void;
}

/** One walk over an image's layers with a selection. */
export function createChooser(selection: LayerSelection): LayerChooser {
  const matched = new Set<LayerSelector>();
  const anyOf = (selectors: readonly LayerSelector[], layer: Descriptor, context: LayerPosition): boolean => {
    const fitting = selectors.filter((selector) => selector.matches(layer, context));
    for (const selector of fitting) matched.add(selector);
    return fitting.length > 0;
  };
  return {
    choose(layer, context) {
      const included = anyOf(selection.include, layer, context);
      if (anyOf(selection.exclude, layer, context)) return "no";
      if (included) return "named";
      return selection.include.length === 0 ? "implied" : "no";
    },
    requireMatches() {
      const idle = [...selection.include, ...selection.exclude].filter((selector) => !matched.has(selector));
      if (idle.length === 0) return;
      const texts = idle.slice(0, 20).map((selector) => JSON.stringify(selector.text));
      throw new OciEncError("USAGE", `no layer is matched by ${texts.join(", ")}`, {
        hint: '"oci-enc layerinfo" shows the layers of each platform with their numbers and digests',
      });
    },
  };
}

function parseList(text: string): readonly LayerSelector[] {
  return text.split(",").map((part) => parseSelector(part.trim(), text));
}

function parseSelector(part: string, whole: string): LayerSelector {
  if (isDigest(part)) return { text: part, matches: (layer) => layer.digest === part };
  const range = /^(-?\d{1,6})?(\.\.)?(-?\d{1,6})?$/.exec(part);
  const [, first, dots, last] = range ?? [];
  if (!range || (first === undefined && last === undefined) || (dots === undefined && last !== undefined)) {
    throw new OciEncError("USAGE", `not a layer selector: ${JSON.stringify(whole.slice(0, 160))}`, {
      hint: "write a number (0 is the bottom layer, -1 the top), a range such as 2.. or -3..-1, a list such as 0,2, or a digest",
    });
  }
  const low = first === undefined ? 0 : Number(first);
  const high = dots === undefined ? low : last === undefined ? -1 : Number(last);
  return {
    text: part,
    matches: (_, { index, count }) => index >= fromBottom(low, count) && index <= fromBottom(high, count),
  };
}

function fromBottom(position: number, count: number): number {
  return position < 0 ? count + position : position;
}
