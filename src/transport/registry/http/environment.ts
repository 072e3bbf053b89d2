import { lookup } from "node:dns/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type Machine, thisMachine as machine } from "../../../files/machine.js";
import { type AddressClass, classifyAddress } from "./address-policy.js";

/** An address that a name stands for. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** The machine as this transport sees it. A test brings its own, and so needs no network and no waiting. */
export interface Environment extends Machine {
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
  variables: machine.variables,
  get home() {
    return machine.home;
  },
  root: machine.root,
  isSuperuser: process.geteuid?.() === 0,
  resolve: (hostname) => lookup(hostname, { all: true }),
  classify: classifyAddress,
  wait: (milliseconds, signal) => sleep(milliseconds, undefined, signal ? { signal } : {}),
  random: Math.random,
  now: Date.now,
};
