#!/usr/bin/env node
// Containerd shows what stands on standard output as the reason.
if (require("./node-floor.js")("oci-enc: ", 1, process.stdout)) {
  const failed = require("./failed-start.js")("oci-enc: ", 1, process.stdout);
  import("../dist/command-line/image-verifier.js").catch(failed);
}
