// What the manual and docs/cli.md are made from: the declarations that the help shows, and the exit statuses. Needs dist/.
import { commands as rows } from "../dist/cli/commands/index.js";
import { explainedCodes } from "../dist/cli/explanations/page.js";

import { topicFlags } from "../dist/cli/help/topic-flags.js";
import { topics } from "../dist/cli/options/topics.js";

export { variableName } from "../dist/cli/options/flag.js";
export { globalFlags, globalsBeside } from "../dist/cli/options/global.js";
export { topics };

/** Every command in the order of the table of commands: its row there and what it declares. */
export const commands = await Promise.all(
  rows.map(async ({ name, group, summary, load }) => ({ ...(await load()), name, group, summary })),
);

/** Every topic with the options of it that any command takes. */
export const topicPages = await Promise.all(
  topics.map(async ({ name, about }) => ({ name, about, flags: await topicFlags(name) })),
);

/** Each status with its code, if it has one, and what it means, in Markdown. */
export const exitStatuses = [
  { status: "0", means: "done, or nothing to do" },
  ...explainedCodes.flatMap(({ status, code, meaning }) => {
    return status === undefined ? [] : [{ status, code, means: meaning }];
  }),
];

/** With a full stop. What starts with a literal, as `ec:P-256` is one, keeps its case. */
export function sentence(text) {
  return `${text.replace(/^[a-z](?=[a-z]*[ ,;])/, (letter) => letter.toUpperCase())}.`;
}
