#!/usr/bin/env node
import "../dist/ctd-decoder/main.js";
