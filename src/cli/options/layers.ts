import type { LayerSelection } from "../../doors/index.js";
import { type Flag, repeated } from "./flag.js";
import type { FlagValues } from "./flag-values.js";

const group = "Layers and platforms:";
const topic = "layers";

/** Which layers are meant. */
export const layer: Flag<readonly string[]> = repeated({
  name: "layer",
  short: "l",
  aliases: ["encrypt-layer"],
  placeholder: "SEL",
  about: "only these layers: 0, -1 (the top), 2.., -3..-1, 0,2 or sha256:…",
  group,
  topic,
  everyday: true,
});

/** Which layers are not. */
export const excludeLayer: Flag<readonly string[]> = repeated({
  name: "exclude-layer",
  placeholder: "SEL",
  about: "all but these layers, written as with --layer",
  group,
  topic,
});

/** The choice of layers. USAGE when a selector makes no sense. */
export async function readLayers(options: FlagValues): Promise<LayerSelection> {
  const { parseLayerSelection } = await import("../../doors/index.js");
  return parseLayerSelection(options.get(layer), options.get(excludeLayer));
}
