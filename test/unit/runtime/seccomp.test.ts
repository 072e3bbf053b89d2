import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { seccompProfile } from "../../../src/runtime/spec/seccomp.js";
import { builtInProfile, refusedCalls, type SeccompProfile } from "../../../src/runtime/spec/seccomp-rules.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const allow = "SCMP_ACT_ALLOW";

function profileOf(document: unknown, capabilities: readonly string[] = []): SeccompProfile {
  const path = join(scratch, "seccomp.json");
  writeFileSync(path, typeof document === "string" ? document : JSON.stringify(document));
  return seccompProfile(capabilities, path);
}

/** The calls that a profile allows, on whatever condition. */
function allowed({ syscalls }: SeccompProfile): ReadonlySet<string> {
  return new Set(syscalls.filter(({ action }) => action === allow).flatMap(({ names }) => names));
}

test("rules count for the capabilities and the architecture that they name, and no dangerous call is allowed", () => {
  const names = ["read", "mount", "unshare", "setns", "clone", "clone3", "bpf"];
  const syscalls = [
    { names, action: allow, args: null, includes: {}, excludes: {} },
    { names: ["chroot"], action: allow, includes: { caps: ["CAP_SYS_CHROOT"] } },
    { names: ["acct", "ptrace"], action: allow, includes: { caps: ["CAP_SYS_ADMIN"] } },
    {
      names: ["socket"],
      action: allow,
      excludes: { caps: ["CAP_AUDIT_WRITE"] },
      args: [{ index: 2, value: 9, op: "SCMP_CMP_NE" }],
    },
    { names: ["elsewhere"], action: allow, includes: { arches: ["of-nobody"] } },
    { names: ["quiet"], action: "SCMP_ACT_ERRNO", errnoRet: 1, errno: "EPERM" },
  ];
  const profile = profileOf({ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 38, syscalls }, ["CAP_SYS_CHROOT"]);
  assert.deepEqual([...allowed(profile)].sort(), ["chroot", "clone", "read", "socket"]);
  assert.equal(profile.defaultErrnoRet, 38);
  assert.deepEqual(profile.syscalls.find(({ names: [name] }) => name === "socket")?.args, [
    { index: 2, value: 9, op: "SCMP_CMP_NE" },
  ]);
  const clone = profile.syscalls.filter((rule) => rule.names.includes("clone"));
  assert.equal(clone.length, 1);
  assert.equal(clone[0]?.args?.[0]?.value, 0x7e020000);
});

test("without a profile, or with one that cannot be understood, the built-in list counts", () => {
  const loose = { defaultAction: allow, syscalls: [] };
  for (const document of ["", "{", "null", "[]", { defaultAction: "SCMP_ACT_ERRNO" }, loose]) {
    assert.equal(profileOf(document), builtInProfile);
  }
  assert.equal(seccompProfile([], join(scratch, "missing")), builtInProfile);
  assert.ok(builtInProfile.syscalls[0]?.names.includes("mount"));
});

const installed = "/usr/share/containers/seccomp.json";

test("the installed profile allows what programs need, and none of what is refused", {
  skip: !existsSync(installed) && "containers-common is not installed",
}, () => {
  const calls = allowed(seccompProfile(["CAP_SYS_CHROOT"]));
  for (const name of ["read", "execve", "clone", "chroot", "socket", "futex"]) assert.ok(calls.has(name), name);
  for (const name of refusedCalls) assert.ok(!calls.has(name), name);
});
