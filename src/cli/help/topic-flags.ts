import { commands } from "../commands/index.js";
import type { Flag } from "../options/flag.js";
import { withGlobals } from "../options/global.js";
import type { Topic } from "../options/topics.js";

/** Every option of a topic, once for each meaning that it has. */
export async function topicFlags(name: Topic): Promise<readonly Flag<unknown>[]> {
  return (await everyFlag()).filter(({ topic }) => topic === name);
}

/** Every option of every command, once for each meaning that it has. */
async function everyFlag(): Promise<readonly Flag<unknown>[]> {
  const declared = await Promise.all(commands.map(async ({ load }) => withGlobals(await load()).flags));
  return [...new Map(declared.flat().map((flag) => [`${flag.name} ${flag.about}`, flag])).values()];
}
