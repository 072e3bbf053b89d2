import { OciEncError } from "../../errors.js";

/** Milliseconds of `90s`, `5m`, `1h30m`, `500ms`. USAGE for anything else, for nothing and for what no timer can wait for. */
export function parseDuration(text: string): number {
  return readDuration(text, { longest: longestTimer, limit: "24 days" });
}

/** The same for what nobody waits for: how long something holds good, `720h`. */
export function parseLifetime(text: string): number {
  return readDuration(text, { longest: longestLifetime, limit: "876000h, which is a hundred years" });
}

function readDuration(text: string, { longest, limit }: { readonly longest: number; readonly limit: string }): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  const total = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (milliseconds.get(unit ?? "") ?? 0), 0);
  const whole = parts.map(([part]) => part).join("") === text;
  if (whole && total >= 1 && total <= longest) return Math.round(total);
  throw new OciEncError("USAGE", `not a duration: ${JSON.stringify(text)}`, {
    hint: `write a number and a unit, ms, s, m or h: 90s, 5m, 1h30m; at most ${limit}`,
  });
}

const milliseconds: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** A longer delay makes Node's timers fire at once. */
const longestTimer = 2 ** 31 - 1;

const longestLifetime = 876_000 * 3_600_000;
