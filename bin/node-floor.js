// Whether this Node is one that package.json asks for (engines): true, or false when it has been said that it is not. Nothing
// newer than Node can read that is refused here may stand in this file, or in those that start with it.
const manifest = "../package.json";
const engines = require(manifest).engines.node;

/** The line begins with `prefix`, and goes to standard error unless to another `stream`; the process will end with `status`. */
module.exports = function isNewEnough(prefix, status, stream) {
  const floor = numbers(engines);
  const found = numbers(process.versions.node);
  if (found[0] > floor[0] || (found[0] === floor[0] && found[1] >= floor[1])) return true;
  const needed = engines.replace(/^>=/, "");
  (stream || process.stderr).write(
    `${prefix}Node ${needed} or later is needed, and this is Node ${process.versions.node}\n`,
  );
  process.exitCode = status;
  return false;
};

/** The first two of a version. */
function numbers(text) {
  return (text.match(/\d+/g) || []).slice(0, 2).map(Number);
}
