import { lookup } from "node:dns/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { homeDirectory } from "../../../files/home-directory.js";
import { type AddressClass, classifyAddress } from "./address-policy.js";

/** An address that a name stands for. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** The machine as this transport sees it. A test brings its own, and so needs no network and no waiting. */
export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Above the system's own configuration: `/`. */
  readonly root: string;
  /** Whether this process may do anything; its default directories are then the system's. */
  readonly isSuperuser: boolean;
  resolve(hostname: string): Promise<readonly ResolvedAddress[]>;
  classify(address: string): AddressClass;
  /** Resolves after `milliseconds`; rejects when `signal` aborts. */
  wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void>;
  /** From 0 to 1. */
  random(): number;
  /** Milliseconds since 1970. */
  now(): number;
}

/** This machine. */
export const thisMachine: Environment = {
  variables: process.env,
  home: homeDirectory(),
  root: "/",
  isSuperuser: process.geteuid?.() === 0,
  resolve: (hostname) => lookup(hostname, { all: true }),
  classify: classifyAddress,
  wait: (milliseconds, signal) => sleep(milliseconds, undefined, signal ? { signal } : {}),
  random: Math.random,
  now: Date.now,
};

/** `$XDG_CONFIG_HOME`, else `~/.config`. */
export function configFolder(environment: Environment): string {
  return environment.variables["XDG_CONFIG_HOME"] || join(environment.home, ".config");
}
