/** What the options that many commands share are about. */
export type Topic = "keys" | "layers" | "registries" | "signing" | "output";

/** One topic: a page of `oci-enc help`, and a line in the help of every command that takes options of it. */
export interface TopicRow {
  readonly name: Topic;
  /** For that line, and the head of the page. */
  readonly about: string;
}

/** Every topic, in the order of the help. An option says itself which is its own. */
export const topics: readonly TopicRow[] = [
  { name: "keys", about: "recipients, private keys and their passphrases, GnuPG" },
  { name: "layers", about: "which layers and platforms, and how far they may unpack" },
  { name: "registries", about: "logins, certificates, retries, registries.conf" },
  { name: "signing", about: "signing what is written, whose signatures are required, policies" },
  { name: "output", about: "JSON, progress, colours, and where things are written" },
];
