#!/usr/bin/env node
// 9 is UNSUPPORTED, 10 LOCAL_IO.
if (require("./node-floor.js")("oci-enc: ", 9)) {
  const failed = require("./failed-start.js")("oci-enc: ", 10);
  import("../dist/command-line/main.js").catch(failed);
}
