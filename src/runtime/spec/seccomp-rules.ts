/** One condition of a rule, as the runtime-spec has it. */
export interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

/** What happens with some system calls. */
export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
}

/** `linux.seccomp` of a bundle. */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

const allow = "SCMP_ACT_ALLOW";
const refuse = "SCMP_ACT_ERRNO";
const EPERM = 1;
const ENOSYS = 38;

/**
 * Calls that no container of `run` has: they change the machine, reach into its kernel, or make or enter namespaces, in
 * which a process would have capabilities again.
 */
export const refusedCalls: readonly string[] = [
  ...["mount", "umount", "umount2", "pivot_root", "mount_setattr", "move_mount", "open_tree", "open_tree_attr"],
  ...["fsopen", "fsconfig", "fsmount", "fspick", "unshare", "setns"],
  ...["init_module", "finit_module", "delete_module", "create_module", "query_module", "get_kernel_syms"],
  ...["kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "nfsservctl"],
  ...["bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register"],
  ...["add_key", "keyctl", "request_key", "open_by_handle_at", "lookup_dcookie", "fanotify_init", "kcmp"],
  ...["settimeofday", "stime", "clock_settime", "clock_settime64", "clock_adjtime", "clock_adjtime64"],
  ...["ioperm", "iopl", "vm86", "vm86old", "uselib", "ustat", "sysfs", "_sysctl", "syslog", "vhangup"],
  ...["sethostname", "setdomainname"],
];

/** The flags of clone(2) that make namespaces. */
const namespaceFlags = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000];

/** On s390 the flags of clone(2) are the second argument. */
const flagsIndex = process.arch === "s390x" ? 1 : 0;

/** clone(2) without a namespace; clone3(2) hides its flags from filters, and its callers fall back when there is none. */
export const plainClone: readonly SeccompRule[] = [
  {
    names: ["clone"],
    action: allow,
    args: [
      {
        index: flagsIndex,
        value: namespaceFlags.reduce((all, flag) => all + flag, 0),
        valueTwo: 0,
        op: "SCMP_CMP_MASKED_EQ",
      },
    ],
  },
  { names: ["clone3"], action: refuse, errnoRet: ENOSYS },
];

/** Used if no profile is installed: allows all but {@link refusedCalls} and new namespaces. */
export const builtInProfile: SeccompProfile = {
  defaultAction: allow,
  ...architectures(),
  syscalls: [
    { names: refusedCalls, action: refuse, errnoRet: EPERM },
    ...namespaceFlags.map((flag) => ({
      names: ["clone"],
      action: refuse,
      errnoRet: EPERM,
      args: [{ index: flagsIndex, value: flag, valueTwo: flag, op: "SCMP_CMP_MASKED_EQ" }],
    })),
    { names: ["clone3"], action: refuse, errnoRet: ENOSYS },
  ],
};

/** The architectures of programs that this machine runs; elsewhere only the kernel's own, which is the default. */
function architectures(): Pick<SeccompProfile, "architectures"> {
  if (process.arch === "x64") return { architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"] };
  if (process.arch === "arm64") return { architectures: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"] };
  return {};
}
