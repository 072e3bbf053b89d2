import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A shell whose completion is tested. */
export interface CompletingShell {
  readonly name: "bash" | "zsh" | "fish";
  /** Why it cannot be driven on this machine; false when it can. */
  readonly missing: string | false;
}

/** A shell at a terminal, with the completion of oci-enc, in which the command only writes down its arguments. */
export interface ShellTerminal extends AsyncDisposable {
  /** Types a line, in which `\t` is the key, and Enter; the arguments that the command was then called with. */
  type(line: string): Promise<readonly string[]>;
}

/** The shells that have a completion script. */
export const completingShells: readonly CompletingShell[] = (["bash", "zsh", "fish"] as const).map((name) => {
  const absent = [name, "script"].find((program) => spawnSync(program, ["--version"]).error);
  return { name, missing: absent === undefined ? false : `there is no ${absent} on this machine` };
});

/** How each shell is started, with a directory of its own for its settings. */
const starts = {
  bash: { command: "bash --noprofile --rcfile $SETTINGS/rc -i", file: "rc" },
  zsh: { command: "zsh -d -i", file: ".zshrc" },
  fish: { command: "fish -i", file: "fish/config.fish" },
} as const;

const settings = {
  bash: ["PS1='ready '", 'oci-enc() { printf "%s\\0" "$@" >"$RESULT"; echo "was"" called"; }'],
  zsh: [
    "PS1='ready '",
    "bindkey -e",
    "autoload -Uz compinit && compinit -u -D",
    'oci-enc() { printf "%s\\0" "$@" >"$RESULT"; echo "was"" called"; }',
  ],
  fish: [
    "function fish_prompt; printf 'ready '; end",
    "function fish_greeting; end",
    'function oci-enc; printf "%s\\0" $argv >$RESULT; echo "was"" called"; end',
  ],
} as const;

/** What a shell is started with. */
interface ShellSetting {
  readonly directory: string;
  /** The completion script. */
  readonly script: string;
  /** A line that is run before. */
  readonly setup?: string;
  /** With a PATH on which the real oci-enc is. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Starts a shell. */
export async function openShell(
  name: CompletingShell["name"],
  { directory, script, setup = "", environment }: ShellSetting,
): Promise<ShellTerminal> {
  const home = join(directory, `.home-${name}`);
  const [file, result] = [join(home, starts[name].file), join(home, "result")];
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(join(home, "script"), script);
  writeFileSync(file, [...settings[name], setup, `source ${join(home, "script")}`, ""].join("\n"));
  const child = spawn("script", ["-qec", starts[name].command, "/dev/null"], {
    cwd: directory,
    env: {
      ...environment,
      HOME: home,
      SETTINGS: home,
      ZDOTDIR: home,
      XDG_CONFIG_HOME: home,
      XDG_DATA_HOME: home,
      RESULT: result,
      TERM: "dumb",
      LC_ALL: "C.UTF-8",
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  const ended = once(child, "close").then(() => Promise.reject(new Error(`${name} ended: ${text}`)));
  ended.catch(() => undefined);
  const said = async (pattern: string) => {
    while (!text.includes(pattern)) await Promise.race([once(child.stdout, "data"), ended]);
    text = text.slice(text.indexOf(pattern) + pattern.length);
  };
  await said("ready ");
  return {
    async type(line) {
      rmSync(result, { force: true });
      text = "";
      child.stdin.write(`oci-enc ${line}\r`);
      await said("was called");
      // What is typed before the shell reads again may be thrown away.
      await said("ready ");
      return readFileSync(result, "utf8").split("\0").slice(0, -1);
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end("exit\r");
      await ended.catch(() => undefined);
    },
  };
}
