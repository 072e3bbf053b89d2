import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Peer, type PeerResult, run } from "../process/peer.js";
import { signedVectors } from "./signed-vectors.js";

/** One requirement of a policy.json. */
export interface Requirement {
  readonly type: string;
  readonly keyType?: string;
  readonly keyPath?: string;
  readonly signedIdentity?: object;
}

/** What skopeo and oci-enc go by: policies, where signatures are kept, and GnuPG's keys. */
export interface ContainersConfig {
  /** A registries.d: one lookaside for every registry, and attachments in use. */
  readonly registriesDirectory: string;
  readonly lookaside: string;
  /** With GnuPG's directory. */
  readonly environment: NodeJS.ProcessEnv;
  /** Of the people whose secret keys are there. */
  readonly fingerprints: Readonly<Record<"alice" | "bob", string>>;
  /** Writes a policy.json: the requirement for everything. */
  policy(...requirements: readonly Requirement[]): string;
  /** Runs a release of skopeo with it. */
  skopeo(peer: Peer, policy: string, ...words: readonly string[]): Promise<PeerResult>;
  /** Ends GnuPG's agent. */
  end(): void;
}

/** Makes one below `directory`. Needs gpg. */
export function containersConfig(directory: string): ContainersConfig {
  const home = join(directory, "gnupg");
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const environment = { GNUPGHOME: home, HOME: directory, XDG_CONFIG_HOME: join(directory, "config") };
  const lookaside = join(directory, "lookaside");
  const registriesDirectory = join(directory, "registries.d");
  mkdirSync(registriesDirectory);
  const kept = { lookaside: pathToFileURL(lookaside).href, "use-sigstore-attachments": true };
  writeFileSync(join(registriesDirectory, "all.yaml"), JSON.stringify({ "default-docker": kept }));
  const options = ["--registries.d", registriesDirectory];
  let count = 0;
  return {
    registriesDirectory,
    lookaside,
    environment,
    fingerprints: { alice: importSecret(home, "alice"), bob: importSecret(home, "bob") },
    policy(...requirements) {
      count += 1;
      const path = join(directory, `policy-${count}.json`);
      writeFileSync(path, JSON.stringify({ default: requirements }));
      return path;
    },
    skopeo: (peer, policy, ...words) => run(peer, ["--policy", policy, ...options, ...words], environment),
    end: () => void execFileSync("gpgconf", ["--homedir", home, "--kill", "all"], { stdio: "pipe" }),
  };
}

/** Signed by one of the vectors' people, under any of the identity rules. */
export function signedBy(who: string, signedIdentity?: object): Requirement {
  const keyPath = join(signedVectors, "keys", `gpg-${who}.pub.gpg`);
  return { type: "signedBy", keyType: "GPGKeys", keyPath, ...(signedIdentity && { signedIdentity }) };
}

/** Signed by one of the vectors' sigstore keys. */
export function sigstoreSigned(key: string, signedIdentity?: object): Requirement {
  const keyPath = join(signedVectors, "keys", `${key}.pub`);
  return { type: "sigstoreSigned", keyPath, ...(signedIdentity && { signedIdentity }) };
}

/** Gives the key's fingerprint. */
function importSecret(home: string, who: string): string {
  const path = join(signedVectors, "keys", `gpg-${who}.sec.asc`);
  const gpg = (...words: readonly string[]) =>
    execFileSync("gpg", ["--homedir", home, "--batch", "--no-tty", "--quiet", ...words], { stdio: "pipe" }).toString();
  gpg("--import", path);
  const shown = gpg("--with-colons", "--show-keys", path);
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(shown)?.[1];
  if (fingerprint === undefined) throw new Error(`${path} holds no key`);
  return fingerprint;
}
