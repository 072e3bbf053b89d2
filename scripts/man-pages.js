// Writes man/, a page for the program, one for each command and one for each topic, from the declarations that the help is made from, and the
// list of them in package.json. With --check it writes nothing, names what is out of date, and exits 1. Run after tsc, by
// `make pages`.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  commands,
  exitStatuses,
  globalFlags,
  globalsBeside,
  sentence,
  topicPages,
  variableName,
} from "./declarations.js";
import { generatedFile } from "./generated-file.js";
import { grouped } from "./grouped.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const directory = join(root, "man");
const { version, description } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const escapes = new Map([
  ["\\", "\\e"],
  ["-", "\\-"],
  ["'", "\\(aq"],
  ["`", "\\(ga"],
  ["^", "\\(ha"],
  ["~", "\\(ti"],
  ['"', "\\(dq"],
]);

const pages = new Map([["oci-enc.1", programPage()]]);
for (const command of commands) pages.set(`${pageName(command.name)}.1`, commandPage(command));
for (const topic of topicPages) pages.set(`${pageName(topic.name)}.7`, topicPage(topic));

if (process.argv.includes("--check")) check();
else write();
listPages();

function write() {
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(directory)) if (!pages.has(name)) rmSync(join(directory, name));
  for (const [name, text] of pages) writeFileSync(join(directory, name), text);
}

/** npm installs the pages that `man` of package.json names. */
function listPages() {
  const lines = [...pages.keys()].sort().map((name) => `    "./man/${name}"`);
  const text = readFileSync(join(root, "package.json"), "utf8");
  const listed = text.replace(/"man": \[[^\]]*\]/, `"man": [\n${lines.join(",\n")}\n  ]`);
  generatedFile("package.json", listed, "make pages");
}

function check() {
  const names = new Set([...pages.keys(), ...readdirSync(directory)]);
  const stale = [...names].filter((name) => pages.get(name) !== written(name)).sort();
  for (const name of stale) console.error(`man/${name} is not what the commands' declarations say: make pages`);
  if (stale.length > 0) process.exitCode = 1;
}

/** Undefined where there is none. */
function written(name) {
  try {
    return readFileSync(join(directory, name), "utf8");
  } catch {
    return undefined;
  }
}

function programPage() {
  return page("oci-enc", "encrypt, decrypt, sign, inspect and move container images", [
    section("SYNOPSIS", [`${bold("oci-enc")} ${italic("COMMAND")} [${italic("OPTIONS")}] [${italic("ARGUMENTS")}]`]),
    section("DESCRIPTION", [
      `${plain(description)}.`,
      ".PP",
      `${bold("oci-enc")} ${italic("COMMAND")} ${bold("--help-all")} shows the options of a command, and so does its own page.`,
      `${bold("oci-enc help")} ${italic("TOPIC")} shows those that many commands take.`,
      plain("Options follow the command, and those below may stand before it; after -- nothing is an option."),
      plain("No option takes more than one value."),
    ]),
    section(
      "COMMANDS",
      [...grouped(commands, ({ group }) => group)].flatMap(([group, members]) => [
        subsection(group),
        ...members.flatMap(({ name, summary }) => [
          ".TP",
          bold(name),
          `${plain(sentence(summary))} See ${reference(pageName(name))}.`,
        ]),
      ]),
    ),
    section("OPTIONS", [
      ...flagLines(globalFlags),
      ".TP",
      `${bold("-h")}, ${bold("--help")}`,
      plain(
        "Show the help of the program, or of a command: the options of its job, and where the others are explained.",
      ),
      ".TP",
      bold("--help-all"),
      plain("Show every command, or every option of a command."),
      ".TP",
      `${bold("-V")}, ${bold("--version")}`,
      plain("Print the version."),
    ]),
    section(
      "TOPICS",
      topicPages.flatMap(({ name, about }) => [
        ".TP",
        `${bold("oci-enc help")} ${bold(name)}`,
        `${plain(sentence(about))} See ${reference(pageName(name), 7)}.`,
      ]),
    ),
    section("ENVIRONMENT", environment()),
    section("EXIT STATUS", statusLines()),
    section("SEE ALSO", [
      `${topicPages.map(({ name }) => reference(pageName(name), 7)).join(",\n")},`,
      `${commands.map(({ name }) => reference(pageName(name))).join(",\n")},`,
      [reference("skopeo"), reference("buildah"), reference("podman")].join(",\n"),
    ]),
  ]);
}

function commandPage(command) {
  const name = `oci-enc ${command.name}`;
  const usage = command.arguments.map(argumentUsage).map((text) => ` ${text}`);
  const groups = grouped(command.flags, ({ group }) => group);
  const output = [...(groups.get("Output:") ?? []), ...globalsBeside(command.flags)];
  groups.delete("Output:");
  return page(pageName(command.name), command.summary, [
    section("SYNOPSIS", [`${bold(name)} [${italic("OPTIONS")}]${usage.join("")}`]),
    section("DESCRIPTION", [plain(sentence(command.summary))]),
    section("ARGUMENTS", command.arguments.flatMap(argumentLines)),
    section("OPTIONS", [
      ...[...groups].flatMap(([group, flags]) => [subsection(group), ...flagLines(flags)]),
      subsection("Output:"),
      ...flagLines(output),
      ".TP",
      `${bold("-h")}, ${bold("--help")}`,
      plain("Show the options of the job, and where the others are explained."),
      ".TP",
      bold("--help-all"),
      plain("Show every option."),
    ]),
    section("ENVIRONMENT", environment(command.flags[0])),
    section("EXIT STATUS", [`0 when all went well; ${reference("oci-enc")} lists the others.`]),
    section("EXAMPLES", command.examples.flatMap((line) => [".PP", ".nf", plain(line), ".fi"]).slice(1)),
    section("SEE ALSO", [[reference("oci-enc"), ...relatives(command)].join(",\n")]),
  ]);
}

function topicPage({ name, about, flags }) {
  const ends = flags.filter(({ end }) => end !== undefined);
  const groups = grouped(
    flags.filter(({ end }) => end === undefined),
    ({ group }) => group,
  );
  return page(
    pageName(name),
    about,
    [
      section("DESCRIPTION", [
        plain("Options that many commands take."),
        `${bold("oci-enc")} ${italic("COMMAND")} ${bold("--help-all")} shows which of them a command takes.`,
      ]),
      section(
        "OPTIONS",
        [...groups].flatMap(([group, members]) => [subsection(group), ...flagLines(members)]),
      ),
      section(
        "OPTIONS FOR ONE SIDE",
        ends.length === 0
          ? []
          : [
              plain("A command with two images takes these for the source or the target alone:"),
              `${ends.map((flag) => bold(`--${flag.name}`)).join(",\n")}.`,
            ],
      ),
      section("ENVIRONMENT", environment(flags[0])),
      section("SEE ALSO", [
        [
          reference("oci-enc"),
          ...topicPages.filter((one) => one.name !== name).map((one) => reference(pageName(one.name), 7)),
        ].join(",\n"),
      ]),
    ],
    7,
  );
}

/** The other commands of its group: `key inspect` beside `key generate`. */
function relatives({ name }) {
  const group = name.split(" ").slice(0, -1).join(" ");
  const others = commands.filter((row) => group !== "" && row.name !== name && row.name.startsWith(`${group} `));
  return others.map((row) => reference(pageName(row.name)));
}

function page(name, summary, sections, part = 1) {
  const title = [
    ".TH",
    plain(name.toUpperCase()),
    String(part),
    '""',
    `"oci\\-enc ${plain(version)}"`,
    '"oci\\-enc"',
  ].join(" ");
  const heading = section("NAME", [`${plain(name)} \\- ${plain(summary)}`]);
  return ['.\\" Written by scripts/man-pages.js.', title, heading, ...sections.filter(Boolean), ""].join("\n");
}

/** Undefined: there is nothing to say. */
function section(title, lines) {
  return lines.length === 0 ? undefined : [`.SH ${title}`, ...lines].join("\n");
}

function subsection(title) {
  return `.SS "${plain(title.replace(/:$/, ""))}"`;
}

function argumentUsage({ name, optional, repeats }) {
  const text = `${italic(name)}${repeats ? "..." : ""}`;
  return optional ? `[${text}]` : text;
}

function argumentLines(argument) {
  return [".TP", argumentUsage(argument), plain(sentence(argument.about))];
}

function flagLines(flags) {
  return flags.flatMap((flag) => [".TP", spelling(flag), plain(meaning(flag))]);
}

function spelling({ name, short, placeholder, implicitValue }) {
  const names = [...(short === undefined ? [] : [bold(`-${short}`)]), bold(`--${name}`)].join(", ");
  if (placeholder === undefined) return names;
  return implicitValue === undefined ? `${names} ${italic(placeholder)}` : `${names}[=${italic(placeholder)}]`;
}

function meaning({ about, choices, repeats, aliases }) {
  return [
    sentence(about),
    ...(choices[0] === undefined ? [] : [`The default is ${choices[0]}.`]),
    ...(repeats ? ["It can be repeated."] : []),
    ...(aliases.length === 0 ? [] : [`Also written ${aliases.map((alias) => `--${alias}`).join(", ")}.`]),
  ].join(" ");
}

/** With an option of the command itself as the example, where it has one. */
function environment(flag = globalFlags.at(-1)) {
  return [
    `${plain(`Every option can be given by a variable, --${flag.name} by`)} ${bold(variableName(flag))}:`,
    plain("what is typed counts more, a switch is 1 or 0, an option that repeats has one value a line."),
  ];
}

function statusLines() {
  return exitStatuses.flatMap(({ status, code, means }) => [
    ".TP",
    bold(status),
    plain(sentence([...(code === undefined ? [] : [code]), means.replaceAll("`", "")].join(": "))),
  ]);
}

function pageName(command) {
  return `oci-enc-${command.replaceAll(" ", "-")}`;
}

function reference(name, part = 1) {
  return `${bold(name)}(${part})`;
}

function bold(text) {
  return `\\fB${plain(text)}\\fR`;
}

function italic(text) {
  return `\\fI${plain(text)}\\fR`;
}

/** Text as roff takes it: what stands for itself in a command line stays so, and no line is a request. */
function plain(text) {
  const escaped = [...text].map((character) => escapes.get(character) ?? beyondAscii(character)).join("");
  return escaped.startsWith(".") ? `\\&${escaped}` : escaped;
}

function beyondAscii(character) {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x80 ? character : `\\[u${code.toString(16).toUpperCase().padStart(4, "0")}]`;
}
