/** What the configuration file says. */
export interface Configuration {
  /** As it was named, or where the user's usually is. */
  readonly path: string;
  /** Values of options by their names, as they would be typed; names of files are absolute. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** The recipients of each group, as they would be typed. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** Values of registry options, for each host. */
  readonly hosts: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
  /** The line, from 1 on, on which a member begins; `path` names the tables that it is in, from the top. */
  lineOf(path: readonly string[]): number;
}
