import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { schemes } from "../../../crypt/schemes/index.js";

/** A recipient of a list, as it would be typed: a relative name is that of a file in `directory`, where the list is. */
export function besideList(recipient: string, directory: string): string {
  const colon = recipient.indexOf(":");
  const [scheme, value] = [recipient.slice(0, Math.max(colon, 0)), recipient.slice(colon + 1)];
  const { takes } = schemes.get(scheme) ?? {};
  if (takes === undefined || takes === "text" || value === "" || isAbsolute(value)) return recipient;
  const beside = join(directory, value);
  return takes === "file" || existsSync(beside) ? `${scheme}:${beside}` : recipient;
}
