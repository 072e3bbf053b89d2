// Every package of the lock file must have a licence of this list. Run by `make check`; exits 1 naming those that have not.
import { readFileSync } from "node:fs";

const allowed = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC-BY-4.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "MIT-0",
  "Python-2.0",
  "Unlicense",
]);

// An ordinary dependency that is loaded at run time and not bundled, which its licence allows.
const excused = new Map([["node_modules/openpgp", "LGPL-3.0+"]]);

const { packages } = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"));
const refused = Object.entries(packages).filter(([path, { license }]) => path !== "" && !isAllowed(path, license));
for (const [path, { license }] of refused) console.error(`${path}: ${license ?? "no licence is named"}`);
if (refused.length > 0) process.exitCode = 1;

/** SPDX expressions: of a choice one must be allowed, of a sum all. */
function isAllowed(path, licence) {
  if (licence === undefined) return false;
  if (excused.get(path) === licence) return true;
  const choices = licence.replace(/[()]/g, "").split(" OR ");
  return choices.some((choice) => choice.split(" AND ").every((name) => allowed.has(name)));
}
