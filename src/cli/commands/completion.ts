import { bashCompletion } from "../completion/bash.js";
import { fishCompletion } from "../completion/fish.js";
import type { KnownCommand } from "../completion/known-command.js";
import { isImageArgument } from "../completion/word-kinds.js";
import { zshCompletion } from "../completion/zsh.js";
import { globalsBeside } from "../options/global.js";
import type { Command, CommandRow } from "./command.js";

const shells: ReadonlyMap<string, (commands: readonly KnownCommand[]) => string> = new Map([
  ["bash", bashCompletion],
  ["zsh", zshCompletion],
  ["fish", fishCompletion],
]);

/** `completion SHELL`, for the commands of a table. */
export function completion(commands: readonly CommandRow[]): Command {
  return {
    arguments: [{ name: "SHELL", about: "bash, zsh or fish", choices: [...shells.keys()] }],
    flags: [],
    examples: [
      "oci-enc completion bash >/etc/bash_completion.d/oci-enc",
      "oci-enc completion zsh >/usr/local/share/zsh/site-functions/_oci-enc",
      "oci-enc completion fish >~/.config/fish/completions/oci-enc.fish",
    ],
    async run({ arguments: [shell = ""] }) {
      const script = shells.get(shell)?.(await Promise.all(commands.map(knownCommand))) ?? "";
      return { kind: "report", document: { shell, script }, text: script };
    },
  };
}

async function knownCommand({ name, summary, load }: CommandRow): Promise<KnownCommand> {
  const { arguments: declared, flags } = await load();
  const words = declared.flatMap(({ choices = [] }) => choices);
  const images = declared.some(isImageArgument);
  const files = declared.some((argument) => argument.choices === undefined && !isImageArgument(argument));
  return { name, summary, flags: [...flags, ...globalsBeside(flags)], words, images, files };
}
