/** What stands between two fences of a page. */
export interface Block {
  readonly language: string;
  /** The file that it is the content of: what follows the language. */
  readonly file: string | undefined;
  readonly content: string;
  /** Of its first fence. */
  readonly line: number;
  /** The comment right above it, which readers do not see: why no test runs it as it stands. */
  readonly reason: string | undefined;
}

const fenced = /^(?:<!-- ([^>]*?) -->\n)?```(\S*)(?: (\S+))?\n(.*?)^```$/gms;

/** The blocks of a page, in their order. */
export function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(fenced)].map(({ 1: reason, 2: language = "", 3: file, 4: content = "", index }) => {
    const line = page.slice(0, index).split("\n").length + (reason === undefined ? 0 : 1);
    return { language, file, content, line, reason };
  });
}

/** Blocks that a test does something with: commands to run, and files to write. */
export function isRun({ language, file, reason }: Block): boolean {
  return reason === undefined && (language === "sh" || file !== undefined);
}

/** ` # exit 8` after a command. */
export const expectation: RegExp = /^(.*\S) +# exit (\d+)$/;

/** Commands as they stand, each that is meant to fail with a look at its status; files are written where they stand. */
export function scriptOf(blocks: readonly Block[]): string {
  return blocks
    .map(({ language, file, content }) => {
      if (file !== undefined) return writing(file, content);
      return language === "sh" ? commands(content) : "";
    })
    .join("");
}

function writing(file: string, content: string): string {
  return `mkdir -p "$(dirname ${file})"\ncat > ${file} <<'END OF FILE'\n${content}END OF FILE\n`;
}

function commands(content: string): string {
  return content.replaceAll(new RegExp(expectation, "gm"), (_, command: string, status: string) =>
    [`status=0; ${command} || status=$?`, `[ "$status" -eq ${status} ]`].join("\n"),
  );
}

/** What ` # says …` after a command announces: lines of its output. */
export function says(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap(({ content }) => [...content.matchAll(/ # says (.*)$/gm)].map(([, line = ""]) => line));
}

/** A command of a block: the line of the page, and its words after `oci-enc`. */
export interface PageCommand {
  readonly line: number;
  readonly words: readonly string[];
}

/** The calls of oci-enc in a block, up to where the shell takes over. */
export function commandsIn({ content, line }: Block): readonly PageCommand[] {
  return content.split("\n").flatMap((text, index) => {
    const [, call] = /(?:^|&& |\| |: )oci-enc ([^|>&#;]*)/.exec(text.replaceAll(/\$\([^)]*\)/g, "VALUE")) ?? [];
    return call === undefined ? [] : [{ line: line + 1 + index, words: call.trim().split(/\s+/) }];
  });
}
