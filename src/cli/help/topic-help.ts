import { commands } from "../commands/index.js";
import type { Flag } from "../options/flag.js";
import { withGlobals } from "../options/global.js";
import type { Topic, TopicRow } from "../options/topics.js";
import { list, pageWidth, wrapped } from "./columns.js";
import { grouped } from "./grouped.js";
import { meaning, spelling } from "./option-text.js";

/** The page of `oci-enc help TOPIC`: every option of it that any command takes. */
export async function topicHelp({ name, about }: TopicRow): Promise<string> {
  const width = pageWidth();
  const flags = await topicFlags(name);
  const sections = [
    ...grouped(
      flags.filter(({ end }) => end === undefined),
      ({ group }) => group,
    ),
  ].map(
    ([group, members]) =>
      `${group}\n${list(
        members.map((flag) => [spelling(flag), meaning(flag)]),
        width,
      )}`,
  );
  const ends = flags.filter(({ end }) => end !== undefined).map((flag) => `--${flag.name}`);
  const note = "A command with two images takes these for the source or the target alone:";
  return [
    wrapped(`Options of several commands: ${about}.`, width),
    ...sections,
    ...(ends.length === 0 ? [] : [`${wrapped(note, width)}\n  ${wrapped(ends.join(", "), width, 2)}`]),
    wrapped("oci-enc COMMAND --help-all shows which of them a command takes.", width),
  ].join("\n\n");
}

/** Every option of a topic, once for each meaning that it has. */
export async function topicFlags(name: Topic): Promise<readonly Flag<unknown>[]> {
  return (await everyFlag()).filter(({ topic }) => topic === name);
}

/** Every option of every command, once for each meaning that it has. */
async function everyFlag(): Promise<readonly Flag<unknown>[]> {
  const declared = await Promise.all(commands.map(async ({ load }) => withGlobals(await load()).flags));
  return [...new Map(declared.flat().map((flag) => [`${flag.name} ${flag.about}`, flag])).values()];
}
