import { certificateFaults } from "./certificate-faults.js";
import { encodingFaults } from "./encoding-faults.js";
import { extensionFaults } from "./extension-faults.js";
import { linkFaults } from "./link-faults.js";
import { nameFaults } from "./name-faults.js";
import { policyFaults } from "./policy-faults.js";
import { roleFaults } from "./role-faults.js";
import type { ChainFault } from "./spoil.js";

/** Every way in which a chain is spoiled here. */
export const chainFaults: readonly ChainFault[] = [
  ...extensionFaults,
  ...encodingFaults,
  ...certificateFaults,
  ...linkFaults,
  ...roleFaults,
  ...nameFaults,
  ...policyFaults,
];
