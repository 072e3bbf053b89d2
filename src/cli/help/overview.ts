import { commands } from "../commands/index.js";
import { topics } from "../options/topics.js";
import { list, pageWidth, wrapped } from "./columns.js";
import { grouped } from "./grouped.js";

const about = "oci-enc encrypts, decrypts, signs, inspects and moves container images (OCI image encryption).";
const usage = "Usage: oci-enc COMMAND [OPTIONS] [ARGUMENTS]";

/** What somebody needs who has never used it. */
const firstCommands: readonly string[] = ["key generate", "encrypt", "layerinfo", "decrypt", "copy", "verify"];

const example: readonly string[] = [
  "oci-enc key generate --out me",
  "oci-enc encrypt -r jwe:me.pub.pem docker://alpine:3 alpine-enc",
  "oci-enc layerinfo alpine-enc",
  "oci-enc decrypt -k me.pem alpine-enc oci:alpine:3",
];

/** The page of `oci-enc --help`: where to begin, and where everything is. */
export function overview(): string {
  const width = pageWidth();
  const first = firstCommands.flatMap((name) => commands.filter((row) => row.name === name));
  const groups = [...grouped(commands, ({ group }) => group)];
  return [
    wrapped(about, width),
    usage,
    `Start with:\n${list(
      first.map(({ name, summary }) => [name, summary]),
      width,
    )}`,
    `All commands:\n${list(
      groups.map(([group, rows]) => [group, rows.map(({ name }) => name).join(", ")]),
      width,
    )}`,
    `Example:\n${example.map((line) => `  ${line}`).join("\n")}`,
    `More:\n${list(further(), width)}`,
  ].join("\n\n");
}

/** The page of `oci-enc --help-all`: every command with what it does. */
export function allCommands(): string {
  const width = pageWidth();
  const longest = Math.max(...commands.map(({ name }) => name.length));
  const sections = [...grouped(commands, ({ group }) => group)].map(
    ([group, rows]) =>
      `${group}\n${list(
        rows.map(({ name, summary }) => [name.padEnd(longest), summary]),
        width,
      )}`,
  );
  return [wrapped(about, width), usage, ...sections, `More:\n${list(further(), width)}`].join("\n\n");
}

function further(): readonly (readonly [string, string])[] {
  return [
    ["oci-enc COMMAND --help", "what a command takes; --help-all: every option of it"],
    ["oci-enc help TOPIC", topics.map(({ name }) => name).join(", ")],
    ["oci-enc help CODE", "what an error, a warning or an exit status means: oci-enc help KEY_MISMATCH"],
    ["oci-enc --help-all", "every command with what it does"],
    ["oci-enc --version", "the version"],
  ];
}
