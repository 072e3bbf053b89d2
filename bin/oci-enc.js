#!/usr/bin/env node
const { setFlagsFromString } = require("node:v8");

// V8 counts the buffers that pass through as a growing heap, and would mark the little that lives over and over again, on
// every core. Marking only when there is need halves the processor time of an image from registry to registry.
setFlagsFromString("--no-incremental-marking");

void import("../dist/command-line/main.js");
