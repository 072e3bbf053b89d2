import { OciEncError } from "../../errors.js";
import { type Flag, parsed } from "./flag.js";

const name = "plain-mode";
const placeholder = "MODE";

/** Of files that hold decrypted layers. */
export const filePlainMode: Flag<number | undefined> = parsed(
  {
    name,
    placeholder,
    about: "the mode of files with decrypted layers in them, such as 0644; default 0600, for their owner alone",
    group: "Source and target:",
  },
  (text) => parseMode(text, { least: 0o600, most: 0o666 }),
);

/** Of a directory with an unpacked image in it. */
export const treePlainMode: Flag<number | undefined> = parsed(
  {
    name,
    placeholder,
    about:
      "the mode of DIR where the image was encrypted or has setuid files or devices, such as 0755; default 0700, for its owner alone",
    group: "Unpacking:",
  },
  (text) => parseMode(text, { least: 0o700, most: 0o777 }),
);

function parseMode(text: string, { least, most }: { readonly least: number; readonly most: number }): number {
  const mode = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
  if ((mode & least) === least && (mode & ~most) === 0) return mode;
  const bounds = [least, most].map((bound) => `0${bound.toString(8)}`).join(" to ");
  throw new OciEncError("USAGE", `--${name}: ${JSON.stringify(text.slice(0, 40))} is not a mode from ${bounds}`, {
    hint: "a mode is written in octal, as chmod takes it, and never takes anything from the owner",
  });
}
