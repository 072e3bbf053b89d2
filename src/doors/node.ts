import "../process/node-floor.js";

export { type DecoderOptions, runDecoder } from "../decoder/run-decoder.js";
export type { NodeFinding } from "../runtime/node/check/finding.js";
export type { NodeConfigOptions, NodeFile } from "../runtime/node/configs/node-file.js";
export { checkNode, type NodeCheckOptions } from "../runtime/node/node-check.js";
export { nodeConfig, nodeFiles, nodeRuntimes } from "../runtime/node/node-config.js";
export { checkVerifierRules } from "../runtime/verifier/read-rules.js";
export type { VerifierCall } from "../runtime/verifier/request.js";
export { runVerifier, type Verdict, type VerifierOptions } from "../runtime/verifier/run-verifier.js";
export type * from "../runtime/verifier/verifier-rules.js";
