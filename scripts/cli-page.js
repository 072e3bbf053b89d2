// Writes docs/cli.md from the declarations that the help is made from: what several commands take stands once. With --check
// it writes nothing, and exits 1 where that page is out of date. Run after tsc, by `make pages`.
import { existsSync } from "node:fs";
import { commands, exitStatuses, globalFlags, sentence, topics, variableName } from "./declarations.js";
import { generatedFile } from "./generated-file.js";
import { grouped } from "./grouped.js";

/** An option of so many commands stands among the shared ones. */
const shared = 3;

/** Each option of the commands, by what it is called and means, with how many commands take it. */
const uses = new Map();
for (const { flags } of commands) {
  for (const flag of flags) uses.set(keyOf(flag), { flag, count: (uses.get(keyOf(flag))?.count ?? 0) + 1 });
}

/** The shared options by their heading. Those for one end of a copy stand with what they mean for both. */
const sharedGroups = grouped(
  [...uses.values()].filter(({ flag, count }) => count >= shared && endOf(flag) === undefined).map(({ flag }) => flag),
  ({ group }) => group,
);

generatedFile("docs/cli.md", `${page().join("\n\n")}\n`, "make pages");

function page() {
  return [
    "<!-- Written by scripts/cli-page.js from the commands' declarations: make pages -->",
    "# The command line",
    code(["oci-enc COMMAND [OPTIONS] [ARGUMENTS]"]),
    [
      "Options follow the command, and those of [every command](#options-every-command) may stand before it; after `--` nothing is an option. No option takes more than one value: repeat the option instead.",
      "[spec/command-line.md](spec/command-line.md) says how references, keys and layers are written, what is printed where, and what other programs get to know.",
      "`oci-enc COMMAND --help` shows what the command is for and how it begins, `oci-enc COMMAND --help-all` every option of it, and so does `man oci-enc-COMMAND`.",
      `\`oci-enc help TOPIC\` shows the options that many commands take: ${topics.map(({ name }) => `\`${name}\``).join(", ")}. \`oci-enc help CODE\` explains an error or a warning.`,
    ].join("\n"),
    table(["group", "commands"], [...grouped(commands, ({ group }) => group)].map(contents)),
    ...[...grouped(commands, ({ group }) => group)].flatMap(([group, members]) => [
      `## ${title(group)}`,
      ...members.flatMap(commandSection),
    ]),
    "## Shared options",
    `Every option can be given by a variable, \`--${globalFlags[0].name}\` by \`${variableName(globalFlags[0])}\`; [spec/command-line.md](spec/command-line.md#environment) says how.`,
    ...[...sharedGroups].flatMap(sharedSection),
    "### Options: every command",
    table(
      ["option", "meaning"],
      [
        ...globalFlags.map(optionRow),
        ["`-h, --help`", "show the options of the job, and where the others are explained"],
        ["`--help-all`", "show every option of the command"],
      ],
    ),
    "## Exit status",
    table(
      ["status", "code", "meaning"],
      exitStatuses.map((row) => [
        row.status,
        row.code === undefined ? "" : `[\`${row.code}\`](errors.md#${row.code.toLowerCase()})`,
        escaped(row.means),
      ]),
    ),
  ];
}

function contents([group, members]) {
  return [title(group), members.map(({ name }) => link(name, commandHeading(name))).join(", ")];
}

function commandSection({ name, summary, arguments: places, flags, examples }) {
  const own = flags.filter((flag) => endOf(flag) === undefined && !isShared(flag));
  const synopsis = ["oci-enc", name, "[OPTIONS]", ...places.map(argumentUsage)].join(" ");
  const schema = `schemas/${name.replaceAll(" ", "-")}.v1.json`;
  const documented = existsSync(new URL(`../docs/${schema}`, import.meta.url));
  return [
    `### ${commandHeading(name)}`,
    sentence(summary),
    code([synopsis]),
    ...section(
      ["argument", "meaning"],
      places.map((place) => [`\`${argumentUsage(place)}\``, escaped(place.about)]),
    ),
    ...section(["option", "meaning"], own.map(optionRow)),
    `Shared options: ${[...sharedUse(flags), `[every command](#${anchor("Options: every command")})`].join("; ")}.`,
    ...(documented ? [`With \`--json\`: [${schema}](${schema}).`] : []),
    code(examples),
  ];
}

/** `all of [Registries](…)`, for each heading under which the command takes shared options. */
function sharedUse(flags) {
  const names = new Set(flags.map(keyOf));
  const ends = flags.some((flag) => endOf(flag) !== undefined);
  return [...sharedGroups].flatMap(([group, all]) => {
    const taken = all.filter((flag) => names.has(keyOf(flag)));
    if (taken.length === 0) return [];
    const sides = ends && all.some(hasEnds) ? ", for one end alone too" : "";
    const heading = link(title(group), `Options: ${title(group)}`);
    return [`${heading}${amount(taken, all)}${sides}`];
  });
}

function amount(taken, all) {
  const left = all.filter((flag) => !taken.includes(flag));
  if (left.length === 0) return "";
  return left.length * 2 < taken.length ? ` without ${spelled(left)}` : ` (${spelled(taken)})`;
}

function spelled(flags) {
  return flags.map(({ name }) => `\`--${name}\``).join(", ");
}

function sharedSection([group, flags]) {
  const ends = flags.filter(hasEnds);
  const note = `A command with two references takes ${spelled(ends)} for one end alone, too, as \`--src-…\` and \`--dest-…\`.`;
  return [
    `### Options: ${title(group)}`,
    table(["option", "meaning"], flags.map(optionRow)),
    ...(ends.length === 0 ? [] : [note]),
  ];
}

function isShared(flag) {
  return sharedGroups.get(flag.group)?.some((other) => keyOf(other) === keyOf(flag)) === true;
}

/** The option that this one is for one end of a copy: `creds` for `src-creds`. Undefined for all others. */
function endOf({ name, group }) {
  const [, both] = /^(?:src|dest)-(.+)$/.exec(name) ?? [];
  return [...uses.values()].find(({ flag }) => flag.name === both && flag.group === group)?.flag;
}

function hasEnds(flag) {
  return [...uses.values()].some((other) => endOf(other.flag) === flag);
}

function keyOf({ group, name, about }) {
  return [group, name, about].join("\n");
}

function optionRow(flag) {
  return [`\`${escaped(spelling(flag))}\``, meaning(flag)];
}

function spelling({ name, short, placeholder, implicitValue }) {
  const names = `${short === undefined ? "" : `-${short}, `}--${name}`;
  if (placeholder === undefined) return names;
  return implicitValue === undefined ? `${names} ${placeholder}` : `${names}[=${placeholder}]`;
}

function meaning({ about, choices, repeats, aliases }) {
  return [
    escaped(about) + (choices[0] === undefined ? "" : ` (default \`${choices[0]}\`)`),
    ...(repeats ? ["repeatable"] : []),
    ...(aliases.length === 0 ? [] : [`also ${aliases.map((alias) => `\`--${alias}\``).join(", ")}`]),
  ].join("; ");
}

function argumentUsage({ name, optional, repeats }) {
  const text = repeats ? `${name}...` : name;
  return optional ? `[${text}]` : text;
}

function commandHeading(name) {
  return `oci-enc ${name}`;
}

function title(group) {
  return group.replace(/:$/, "");
}

function link(text, heading) {
  return `[${text}](#${anchor(heading)})`;
}

/** As GitHub makes them of headings. */
function anchor(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\w -]/g, "")
    .replaceAll(" ", "-");
}

/** A table, where there are rows. */
function section(heads, rows) {
  return rows.length === 0 ? [] : [table(heads, rows)];
}

function table(heads, rows) {
  return [heads, heads.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`.replaceAll("|  |", "| |"))
    .join("\n");
}

function code(lines) {
  return ["```", ...lines, "```"].join("\n");
}

function escaped(text) {
  return text.replaceAll("|", "\\|").replaceAll("*", "\\*");
}
