#!/usr/bin/env node
import "../dist/decoder/main.js";
