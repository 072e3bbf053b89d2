import { resolve } from "node:path";
import type { BundleSettings, Mount } from "../../doors/unpack.js";
import { OciEncError } from "../../errors.js";
import { type Flag, repeated, single, toggle } from "./flag.js";
import type { FlagValues } from "./flag-values.js";

const group = "Container:";

const env: Flag<readonly string[]> = repeated({
  name: "env",
  short: "e",
  placeholder: "NAME[=VALUE]",
  about: "set a variable; without a value, as it is here",
  group,
});

const volume: Flag<readonly string[]> = repeated({
  name: "volume",
  short: "v",
  placeholder: "SRC:DST[:ro]",
  about: "mount a directory or file of this machine in the container",
  group,
});

const workdir: Flag<string | undefined> = single({
  name: "workdir",
  short: "w",
  placeholder: "DIR",
  about: "the working directory, in place of the image's",
  group,
});

const user: Flag<string | undefined> = single({
  name: "user",
  short: "u",
  placeholder: "USER[:GROUP]",
  about: "the user to run as, in place of the image's: names that the image knows, or numbers",
  group,
});

const readOnly: Flag<boolean> = toggle({ name: "read-only", about: "make the file system read-only", group });

/** How the container shall differ from what its image says. */
export const containerFlags: readonly Flag<unknown>[] = [env, volume, workdir, user, readOnly];

/** USAGE when one of them makes no sense. */
export function readContainer(options: FlagValues): BundleSettings {
  return {
    environment: options.get(env).flatMap(readVariable),
    mounts: options.get(volume).map(readVolume),
    workingDirectory: options.get(workdir),
    user: options.get(user),
    readOnly: options.get(readOnly),
  };
}

/** A variable that is not set here is not set there. */
function readVariable(text: string): readonly string[] {
  if (text.startsWith("=")) throw new OciEncError("USAGE", "--env: a variable has no name");
  if (text.includes("=")) return [text];
  const value = process.env[text];
  return value === undefined ? [] : [`${text}=${value}`];
}

function readVolume(text: string): Mount {
  const [source = "", destination = "", mode, ...rest] = text.split(":");
  const valid = source !== "" && destination.startsWith("/") && rest.length === 0;
  if (!valid || (mode !== undefined && mode !== "ro" && mode !== "rw")) {
    throw new OciEncError("USAGE", `--volume: ${JSON.stringify(text.slice(0, 300))} is not SRC:DST or SRC:DST:ro`, {
      hint: "DST is an absolute path in the container",
    });
  }
  const options = ["rbind", ...(mode === "ro" ? ["ro"] : [])];
  return { destination, type: "bind", source: resolve(source), options };
}
