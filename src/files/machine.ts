import { join } from "node:path";
import { homeDirectory } from "./home-directory.js";

/** Where configuration is looked for. A test describes a machine of its own. */
export interface Machine {
  /** As `process.env`. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Above the system's own configuration: `/`. */
  readonly root: string;
}

/** This machine, for this user. */
export const thisMachine: Machine = {
  variables: process.env,
  get home() {
    return homeDirectory();
  },
  root: "/",
};

/** `$XDG_CONFIG_HOME`, else `~/.config`. */
export function configFolder({ variables, home }: Pick<Machine, "variables" | "home">): string {
  return variables["XDG_CONFIG_HOME"] || join(home, ".config");
}
