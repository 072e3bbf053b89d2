import { isIP } from "node:net";

/**
 * What kind of address it is that a server has sent us to. `forbidden`: link-local (where clouds keep their metadata),
 * unspecified, multicast and reserved addresses, which no registry has a reason to name.
 */
export type AddressClass = "public" | "private" | "loopback" | "forbidden";

/** Classifies an IPv4 or IPv6 address; IPv4 inside IPv6 (mapped, translated, 6to4) is what it is inside. */
export function classifyAddress(address: string): AddressClass {
  const groups = isIP(address) === 6 ? ipv6Groups(address) : undefined;
  const inner = groups ? embeddedIpv4(groups) : ipv4Number(address);
  if (inner !== undefined) return classifyIpv4(inner);
  return groups ? classifyIpv6(groups) : "forbidden";
}

/**
 * Whether a registry at an address of class `from` may send us to one of class `to`: everybody to the public, an
 * internal registry to its own kind of network, no server to a forbidden one.
 */
export function mayReach(from: AddressClass, to: AddressClass): boolean {
  if (to === "public") return true;
  if (to === "private") return from === "private" || from === "loopback";
  return to === "loopback" && from === "loopback";
}

/** The address that a URL's host name spells out; undefined when it is a name for the resolver. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? undefined : bare;
}

/** Whether a URL's host name means this machine without asking anybody: `localhost` (RFC 6761) or a loopback address. */
export function isLoopbackHost(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  const literal = literalAddress(name);
  return literal !== undefined && classifyAddress(literal) === "loopback";
}

/** Whether `address` lies in a block such as `10.0.0.0/8` or `fd00::/8`. False when either is malformed. */
export function inBlock(address: string, block: string): boolean {
  const [base, length, ...rest] = block.split("/");
  if (base === undefined || length === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return false;
  const [a, b] = [bitsOf(address), bitsOf(base)];
  const prefix = Number(length);
  if (a === undefined || b === undefined || a.length !== b.length || prefix > a.length) return false;
  return a.slice(0, prefix) === b.slice(0, prefix);
}

function classifyIpv4(address: number): AddressClass {
  const inside = (base: string, prefix: number) =>
    address >>> (32 - prefix) === (ipv4Number(base) ?? 0) >>> (32 - prefix);
  if (inside("127.0.0.0", 8)) return "loopback";
  if (["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].some((block) => within(block)))
    return "private";
  const reserved = ["0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"];
  return reserved.some((block) => within(block)) ? "forbidden" : "public";

  function within(block: string): boolean {
    const [base = "", prefix] = block.split("/");
    return inside(base, Number(prefix));
  }
}

function classifyIpv6(groups: readonly number[]): AddressClass {
  const [first = 0] = groups;
  if (groups.slice(0, 7).every((group) => group === 0)) return groups[7] === 1 ? "loopback" : "forbidden";
  if ((first & 0xfe00) === 0xfc00) return "private";
  const global = (first & 0xe000) === 0x2000;
  return global ? "public" : "forbidden";
}

/** IPv4-mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056). */
function embeddedIpv4(groups: readonly number[]): number | undefined {
  const zero = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0);
  const pair = (at: number) => (((groups[at] ?? 0) << 16) | (groups[at + 1] ?? 0)) >>> 0;
  if (zero(0, 5) && groups[5] === 0xffff) return pair(6);
  if (groups[0] === 0x64 && groups[1] === 0xff9b && zero(2, 6)) return pair(6);
  if (groups[0] === 0x2002) return pair(1);
  return undefined;
}

function ipv4Number(address: string): number | undefined {
  if (isIP(address) !== 4) return undefined;
  return address.split(".").reduce((sum, part) => (sum << 8) | Number(part), 0) >>> 0;
}

function ipv6Groups(address: string): readonly number[] {
  const bare = (address.split("%")[0] ?? "").replace(/[\d.]+$/, (tail) => (tail.includes(".") ? hexPair(tail) : tail));
  const [head = "", tail] = bare.split("::");
  const words = (text: string) => (text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16)));
  const [left, right] = [words(head), words(tail ?? "")];
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...new Array<number>(gap).fill(0), ...right];
}

function hexPair(dotted: string): string {
  const value = ipv4Number(dotted) ?? 0;
  return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
}

function bitsOf(address: string): string | undefined {
  const ipv4 = ipv4Number(address);
  if (ipv4 !== undefined) return ipv4.toString(2).padStart(32, "0");
  if (isIP(address) !== 6) return undefined;
  return ipv6Groups(address)
    .map((group) => group.toString(2).padStart(16, "0"))
    .join("");
}
