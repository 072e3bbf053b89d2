import { checkNode } from "oci-enc/node";

// check-node
for (const { what, verdict, message } of await checkNode()) console.log(`${what}: ${verdict}: ${message}`);
