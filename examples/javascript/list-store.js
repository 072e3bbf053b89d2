import { listImages } from "oci-enc/transport";

// list-store [LAYOUT]
const [store] = process.argv.slice(2);

for (const { name, digest, encrypted } of await listImages({ store })) console.log(name, digest, encrypted);
