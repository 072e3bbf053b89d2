import type { TopicRow } from "../options/topics.js";
import { list, pageWidth, wrapped } from "./columns.js";
import { grouped } from "./grouped.js";
import { meaning, spelling } from "./option-text.js";
import { topicFlags } from "./topic-flags.js";

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
