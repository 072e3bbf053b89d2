#!/usr/bin/env node
// A key provider that is a program: one request on standard input, one answer on standard output.
//
//   command.js KEYFILE
import { readFileSync } from "node:fs";
import { answer, readKey } from "./answer.js";

try {
  const [keyFile = ""] = process.argv.slice(2);
  process.stdout.write(answer(readFileSync(0), readKey(keyFile)));
} catch (error) {
  // What stands on standard error, and the status, reach the person who runs oci-enc. Keep secrets out of it.
  process.stderr.write(`example provider: ${error.message}\n`);
  process.exitCode = 1;
}
