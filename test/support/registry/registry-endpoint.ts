import { type AddressClass, classifyAddress } from "../../../src/transport/registry/http/address-policy.js";
import type { Environment, ResolvedAddress } from "../../../src/transport/registry/http/environment.js";
import { registryContext } from "../../../src/transport/registry/open-client.js";
import { createRegistryTransport } from "../../../src/transport/registry/transport.js";
import type { Transport } from "../../../src/transport/transport.js";

/** What a test says of its machine. */
export interface TestMachine {
  readonly variables?: Readonly<Record<string, string>>;
  readonly home?: string;
  readonly root?: string;
  readonly isSuperuser?: boolean;
  /** What names stand for; each lookup takes the next list, and stays at the last. */
  readonly names?: Readonly<Record<string, readonly (readonly string[])[]>>;
  /** Addresses that count as something else than they are. All of 127.0.0.0/8 is this machine, and can play the network. */
  readonly classes?: Readonly<Record<string, AddressClass>>;
}

/** A machine whose clock moves only by waiting, and on which waiting takes no time. */
export interface TestEnvironment extends Environment {
  /** Every pause that was asked for, in milliseconds. */
  readonly pauses: readonly number[];
}

/** Makes one, with nothing configured on it unless the test says so. */
export function testEnvironment(machine: TestMachine = {}): TestEnvironment {
  const pauses: number[] = [];
  const lookups = new Map<string, number>();
  let clock = Date.UTC(2026, 0, 1);
  return {
    pauses,
    variables: { PATH: process.env["PATH"], ...machine.variables },
    home: machine.home ?? "/nonexistent/home",
    root: machine.root ?? "/nonexistent/root",
    isSuperuser: machine.isSuperuser ?? false,
    resolve: async (hostname) => resolveName(hostname, machine, lookups),
    classify: (address) => machine.classes?.[address] ?? classifyAddress(address),
    async wait(milliseconds, signal) {
      signal?.throwIfAborted();
      pauses.push(milliseconds);
      clock += milliseconds;
    },
    random: () => 0.5,
    now: () => clock,
  };
}

/** The transport on a machine of the test's making. */
export function testTransport(environment: Environment = testEnvironment()): Transport {
  return createRegistryTransport(registryContext(environment));
}

function resolveName(hostname: string, machine: TestMachine, lookups: Map<string, number>): readonly ResolvedAddress[] {
  const lists = machine.names?.[hostname] ?? (hostname === "localhost" ? [["127.0.0.1"]] : undefined);
  if (!lists) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: "ENOTFOUND" });
  const turn = lookups.get(hostname) ?? 0;
  lookups.set(hostname, turn + 1);
  return (lists[Math.min(turn, lists.length - 1)] ?? []).map((address) => ({
    address,
    family: address.includes(":") ? 6 : 4,
  }));
}
