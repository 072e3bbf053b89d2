// Says why the program could not be loaded, which is before it has any means of its own: the machine's doing, not a bug. Nothing
// newer than Node 20 can read may stand in this file.
const hints = {
  EMFILE: "too many open files; raise the limit (ulimit -n 256 is plenty)",
  ENFILE: "too many open files on this system; end other programs, or raise fs.file-max",
};

/** Lines begin with `prefix`, and go to standard error unless to another `stream`; the process will end with `status`. */
module.exports = function failedStart(prefix, status, stream) {
  return (error) => {
    const code = error && typeof error.code === "string" ? error.code : String(error);
    const hint = hints[code] || "see whether the installation is whole and can be read; installing it again may help";
    (stream || process.stderr).write(`${prefix}the program cannot be loaded: ${code}\n  hint: ${hint}\n`);
    process.exitCode = status;
  };
};
