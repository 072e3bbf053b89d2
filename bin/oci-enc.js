#!/usr/bin/env node
void import("../dist/command-line/main.js");
