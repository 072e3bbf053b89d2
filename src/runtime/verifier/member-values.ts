import { isAbsolute } from "node:path";
import { type TomlPlace, wrongMember } from "../../files/toml-place.js";

/** The name of a file; containerd starts its verifiers anywhere, so it is absolute. Undefined: it is not there. USAGE. */
export function fileOf(place: TomlPlace | undefined): string | undefined {
  if (place === undefined) return undefined;
  const { value } = place;
  if (typeof value === "string" && isAbsolute(value)) return value;
  throw wrongMember(place, "is not the absolute name of a file");
}

/** False when it is not there. USAGE. */
export function flagOf(place: TomlPlace | undefined): boolean {
  if (place === undefined) return false;
  if (typeof place.value === "boolean") return place.value;
  throw wrongMember(place, "is not true or false");
}

/** One of several words. USAGE. */
export function wordOf<const T extends string>(place: TomlPlace, words: readonly T[]): T {
  const word = words.find((one) => one === place.value);
  if (word !== undefined) return word;
  throw wrongMember(place, `is none of ${words.map((one) => JSON.stringify(one)).join(", ")}`);
}
