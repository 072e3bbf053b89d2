#!/usr/bin/env node
const { setFlagsFromString } = require("node:v8");

// V8 counts the buffers that pass through as a growing heap: it would mark the little that lives over and over again, and
// bring in every core for it. Without that, an image goes from registry to registry in half the processor time.
setFlagsFromString("--no-incremental-marking --no-parallel-scavenge");

void import("../dist/command-line/main.js");
