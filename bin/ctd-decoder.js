#!/usr/bin/env node
if (require("./node-floor.js")("UNSUPPORTED: ", 1)) {
  const failed = require("./failed-start.js")("LOCAL_IO: ", 1);
  try {
    require("../dist/ctd-decoder/main.js");
  } catch (error) {
    failed(error);
  }
}
