// What the command line needs to tell of this machine. The package does not export this file.

export { examineMachine } from "../operations/doctor/doctor.js";
export type { MachineFinding } from "../operations/doctor/finding.js";
export type { RuleFiles } from "../operations/doctor/policies.js";
export { storeDirectory } from "../transport/store/store-directory.js";
