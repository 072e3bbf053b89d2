import { readFileSync } from "node:fs";
import {
  builtInProfile,
  plainClone,
  refusedCalls,
  type SeccompArgument,
  type SeccompProfile,
  type SeccompRule,
} from "./seccomp-rules.js";

/** Where containers-common keeps the profile of podman and its relatives. */
const installedProfile = "/usr/share/containers/seccomp.json";

/** The names of an architecture in the `archMap` and in `arches` of such a profile. */
const architectures: Readonly<Partial<Record<NodeJS.Architecture, readonly [native: string, short: string]>>> = {
  x64: ["SCMP_ARCH_X86_64", "amd64"],
  arm64: ["SCMP_ARCH_AARCH64", "arm64"],
  arm: ["SCMP_ARCH_ARM", "arm"],
  s390x: ["SCMP_ARCH_S390X", "s390x"],
  ppc64: ["SCMP_ARCH_PPC64LE", "ppc64le"],
  riscv64: ["SCMP_ARCH_RISCV64", "riscv64"],
};

/**
 * The system calls of a container with these capabilities: those that the profile of containers-common allows if it is
 * installed, else all but a built-in list. In both cases none that mounts, or makes or enters a namespace.
 */
export function seccompProfile(capabilities: readonly string[], path: string = installedProfile): SeccompProfile {
  return readProfile(path, capabilities) ?? builtInProfile;
}

/** Undefined: the file does not exist or is not understood. */
function readProfile(path: string, capabilities: readonly string[]): SeccompProfile | undefined {
  const profile = members(readJson(path));
  const [native, short = ""] = architectures[process.arch] ?? [];
  const defaultAction = profile.get("defaultAction");
  const rules = profile.get("syscalls");
  // A profile that allows what it does not name is no better than the built-in one.
  if (defaultAction !== "SCMP_ACT_ERRNO" || !Array.isArray(rules)) return undefined;
  const defaultErrnoRet = profile.get("defaultErrnoRet");
  const known = new Set(native === undefined ? [] : [native, ...besides(profile.get("archMap"), native)]);
  return {
    defaultAction,
    ...(typeof defaultErrnoRet === "number" && { defaultErrnoRet }),
    ...(known.size > 0 && { architectures: [...known] }),
    syscalls: [...rules.flatMap((rule: unknown) => readRule(members(rule), { capabilities, short })), ...plainClone],
  };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // The built-in list is used instead.
    return undefined;
  }
}

/** The other architectures whose programs this one runs. */
function besides(archMap: unknown, native: string): readonly string[] {
  const entries = Array.isArray(archMap) ? archMap.map(members) : [];
  return entries
    .filter((entry) => entry.get("architecture") === native)
    .flatMap((entry) => texts(entry.get("subArchitectures")));
}

interface Circumstances {
  readonly capabilities: readonly string[];
  /** The architecture, as `arches` name it. */
  readonly short: string;
}

/** Empty when the rule does not apply, or no call is left in it. */
function readRule(rule: ReadonlyMap<string, unknown>, here: Circumstances): readonly SeccompRule[] {
  const action = rule.get("action");
  if (typeof action !== "string" || !applies(rule, here)) return [];
  const lost = new Set([...(action === "SCMP_ACT_ALLOW" ? refusedCalls : []), "clone", "clone3"]);
  const names = texts(rule.get("names")).filter((name) => !lost.has(name));
  if (names.length === 0) return [];
  const errnoRet = rule.get("errnoRet");
  const args = readArguments(rule.get("args"));
  return [{ names, action, ...(typeof errnoRet === "number" && { errnoRet }), ...(args.length > 0 && { args }) }];
}

function applies(rule: ReadonlyMap<string, unknown>, { capabilities, short }: Circumstances): boolean {
  const includes = members(rule.get("includes"));
  const excludes = members(rule.get("excludes"));
  const wanted = texts(includes.get("arches"));
  return (
    texts(includes.get("caps")).every((name) => capabilities.includes(name)) &&
    !texts(excludes.get("caps")).some((name) => capabilities.includes(name)) &&
    (wanted.length === 0 || wanted.includes(short)) &&
    !texts(excludes.get("arches")).includes(short)
  );
}

function readArguments(value: unknown): readonly SeccompArgument[] {
  const entries = Array.isArray(value) ? value.map(members) : [];
  return entries.flatMap((entry) => {
    const [index, first, second, op] = ["index", "value", "valueTwo", "op"].map((name) => entry.get(name));
    if (typeof index !== "number" || typeof first !== "number" || typeof op !== "string") return [];
    return [{ index, value: first, ...(typeof second === "number" && { valueTwo: second }), op }];
  });
}

function members(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}
