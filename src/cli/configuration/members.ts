import { isAbsolute, join, resolve } from "node:path";
import { homeDirectory } from "../../doors/configuration.js";
import type { Flag } from "../options/flag.js";
import { settingFlags } from "../options/keys/key-flags.js";
import { limitFlags } from "../options/limits.js";
import { color, commandTimeout, progress } from "../options/output.js";
import { parallel, store, tmpdir } from "../options/registry/endpoints.js";
import { chunkSize, eitherSide, registriesConf, retryTimes, stallTimeout } from "../options/registry/registry-flags.js";
import { insecurePolicy, signatureFlags, trust } from "../options/signing/trust-flags.js";

/** A table of the configuration file whose members are options, under the options' own names. */
export interface Section {
  readonly name: "defaults" | "trust" | "registry";
  readonly members: readonly Flag<unknown>[];
}

/** Of the table of one registry; there is one such table for each host. */
export const hostSection: Section = {
  name: "registry",
  members: [eitherSide.authfile, eitherSide.noCreds, eitherSide.tlsVerify, eitherSide.plainHttp, eitherSide.certDir],
};

/** The tables that are there once. What is not listed cannot be set in the file. */
export const sections: readonly Section[] = [
  {
    name: "defaults",
    members: [
      store,
      tmpdir,
      parallel,
      retryTimes,
      stallTimeout,
      chunkSize,
      registriesConf,
      ...limitFlags,
      ...settingFlags,
      progress,
      color,
      commandTimeout,
    ],
  },
  // A file that switches a policy off for good would be forgotten.
  { name: "trust", members: signatureFlags.filter((flag) => flag !== insecurePolicy) },
];

/** A value of the file as it would be typed: what names a file is relative to the file, and `~/` is the user's home. */
export function typedValue(flag: Flag<unknown>, value: string, directory: string): string {
  if (flag === trust) {
    const [, kind = "", path = value] = /^([^:]*:)(.*)$/s.exec(value) ?? [];
    return kind === "" ? value : `${kind}${besides(path, directory)}`;
  }
  return ["FILE", "DIR"].includes(flag.placeholder ?? "") ? besides(value, directory) : value;
}

/** A file that the configuration file names. An empty name stays one. */
export function besides(path: string, directory: string): string {
  if (path.startsWith("~/")) return join(homeDirectory(), path.slice(2));
  return path === "" || isAbsolute(path) ? path : resolve(directory, path);
}
