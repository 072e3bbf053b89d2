import { bundleEdges } from "./bundle-edges.js";
import type { Edge } from "./edge.js";
import { notaryEdges } from "./notary-edges.js";
import { sigEdges } from "./sig-edges.js";

/** Every odd signature. */
export const signingEdges: readonly Edge[] = [...sigEdges, ...bundleEdges, ...notaryEdges];
