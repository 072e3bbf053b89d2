#!/usr/bin/env node
if (require("./node-floor.js")("UNSUPPORTED: ", 1)) require("../dist/ctd-decoder/main.js");
