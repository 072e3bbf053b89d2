// What the manual and docs/cli.md are made from: the declarations that the help shows, and the exit statuses. Needs dist/.
import { commands as rows } from "../dist/cli/commands/index.js";
import { OciEncError } from "../dist/errors.js";

export { variableName } from "../dist/cli/options/flag.js";
export { outputFlags, outputFlagsBeside } from "../dist/cli/options/output.js";

/** Every command in the order of the table of commands: its row there and what it declares. */
export const commands = await Promise.all(
  rows.map(async ({ name, group, summary, load }) => ({ ...(await load()), name, group, summary })),
);

const meanings = {
  INTERNAL: "a bug",
  USAGE: "options or a reference make no sense",
  NOT_FOUND: "an image, tag, blob or file does not exist",
  DENIED: "access is refused",
  UNAVAILABLE: "not available now; `--command-timeout` is over",
  CORRUPT: "a wrong digest, size, HMAC or diff id; a malformed manifest or envelope",
  KEY_MISMATCH: "no given key decrypts the image",
  UNTRUSTED: "a check fails, that of `runtime check` too",
  UNSUPPORTED: "a media type, cipher or scheme; a target that cannot hold encrypted images; a Node that is too old",
  LOCAL_IO:
    "disk full, permission, read-only; too few file descriptors, threads or memory; output, or plaintext blobs, that could not be written or removed",
  CONFLICT: "a lock is held, the tag has moved meanwhile, or something would be overwritten",
  KEY_PROVIDER: "a key provider, token or agent failed",
  KEY_INVALID: "key material cannot be read: its format, its passphrase",
};

/** Each status with its code, if it has one, and what it means, in Markdown. */
export const exitStatuses = [
  { status: "0", means: "done, or nothing to do" },
  ...Object.entries(meanings).map(([code, means]) => {
    return { status: String(new OciEncError(code, "").exitStatus), code, means };
  }),
  {
    status: "128 + n",
    code: "ABORTED",
    means: "signal n (130 SIGINT, 143 SIGTERM, 129 SIGHUP), after cleaning up; a second signal kills at once",
  },
];

/** With a full stop. What starts with a literal, as `ec:P-256` is one, keeps its case. */
export function sentence(text) {
  return `${text.replace(/^[a-z](?=[a-z]*[ ,;])/, (letter) => letter.toUpperCase())}.`;
}
