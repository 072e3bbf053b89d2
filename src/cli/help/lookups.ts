import { OciEncError } from "../../errors.js";
import { findRow, rowsBelow } from "../commands/find.js";
import { withGlobals } from "../options/global.js";
import { topics } from "../options/topics.js";
import { list, pageWidth } from "./columns.js";
import { fullHelp, shortHelp } from "./command-help.js";
import { allCommands, overview } from "./overview.js";
import { topicHelp } from "./topic-help.js";

/** The page that the words name; undefined: this is not where they are found. `all`: everything is asked for. */
type Lookup = (words: readonly string[], all: boolean) => Promise<string | undefined>;

/** Where the words of `oci-enc help WORDS` are looked up, in this order. */
const lookups: readonly Lookup[] = [commandPage, groupPage, topicPage, explanationPage];

/** The page that is asked for; without words, that of the program. USAGE when there is none. */
export async function helpPage(words: readonly string[], all: boolean): Promise<string> {
  if (words.length === 0) return all ? allCommands() : overview();
  for (const look of lookups) {
    const page = await look(words, all);
    if (page !== undefined) return page;
  }
  const { redactedReference } = await import("../../doors/internal.js");
  throw new OciEncError("USAGE", `there is no help on ${redactedReference(words.join(" "))}`, {
    hint: `oci-enc --help lists the commands; topics are ${topics.map(({ name }) => name).join(", ")}; and a code in an error or a warning, and an exit status, has a page`,
  });
}

async function commandPage(words: readonly string[], all: boolean): Promise<string | undefined> {
  const found = findRow(words);
  if (found === undefined || found.words < words.length) return undefined;
  const command = withGlobals(await found.row.load());
  return all ? fullHelp(found.row, command) : shortHelp(found.row, command);
}

async function groupPage(words: readonly string[]): Promise<string | undefined> {
  const rows = rowsBelow(words.join(" "));
  if (rows.length === 0) return undefined;
  const entries = rows.map(({ name, summary }) => [`oci-enc ${name}`, summary] as const);
  return `Commands:\n${list(entries, pageWidth())}`;
}

async function topicPage(words: readonly string[]): Promise<string | undefined> {
  const row = topics.find(({ name }) => name === words.join(" "));
  return row === undefined ? undefined : await topicHelp(row);
}

/** What an error or a warning means. */
async function explanationPage(words: readonly string[]): Promise<string | undefined> {
  const { codePage } = await import("../explanations/page.js");
  return codePage(words.join(" "));
}
