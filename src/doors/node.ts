import "../process/node-floor.js";

export { type DecoderOptions, runDecoder } from "../decoder/run-decoder.js";
export { checkNode, type NodeCheckOptions, type NodeFinding } from "../runtime/node/node-check.js";
export { type NodeConfigOptions, type NodeRuntime, nodeConfig, nodeRuntimes } from "../runtime/node/node-config.js";
