import { checkNode, nodeConfig } from "oci-enc/node";

// node-config KEYS-DIRECTORY: what to write into containerd's configuration, and what this node lacks now
const [keysPath] = process.argv.slice(2);

console.log(nodeConfig("containerd", { containerd: 2, keysPath }));
for (const { what, verdict, message } of await checkNode({ keysPath }))
  console.log(`# ${what}: ${verdict}: ${message}`);
