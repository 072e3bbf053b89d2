#!/usr/bin/env node
// 9 is UNSUPPORTED.
if (require("./node-floor.js")("oci-enc: ", 9)) void import("../dist/command-line/main.js");
