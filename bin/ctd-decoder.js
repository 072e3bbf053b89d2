#!/usr/bin/env node
require("../dist/ctd-decoder/main.js");
