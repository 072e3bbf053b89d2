import { stat } from "node:fs/promises";
import type { Habit } from "./habit.js";
import { argsOf } from "./typed-line.js";

/** What `key generate` calls its files where it is not told otherwise. */
const publicKey = "oci-enc.pub.pem";
const privateKey = "oci-enc.pem";

/** Nobody was named to encrypt for. */
export const missingRecipient: Habit = async (line, { context }) => {
  if (context["missing"] !== "recipient") return undefined;
  const isThere = await stat(publicKey).catch(() => undefined);
  return {
    args: ["-r", `jwe:${publicKey}`, ...argsOf(line.words)],
    before: isThere ? [] : ["oci-enc key generate"],
    note: "say for whom, with -r jwe:FILE, where FILE is a public key as oci-enc key generate makes one",
  };
};

/** No key was given to decrypt with. */
export const missingKey: Habit = (line, { context, hint = "" }) => {
  if (context["missing"] !== "key") return undefined;
  return { args: ["-k", privateKey, ...argsOf(line.words)], note: `${hint}; with a key of oci-enc key generate` };
};
