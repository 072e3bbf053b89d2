/** What is known of a node's containerd. */
export interface ContainerdVersion {
  /** As it says; undefined: it does not run here. */
  readonly text: string | undefined;
  readonly major: number;
  /** Undefined: not known. */
  readonly minor: number | undefined;
}

/** From what `--version` printed. One that is not known is taken for the newest. */
export function containerdVersion(text: string | undefined): ContainerdVersion {
  const [major, minor] = (text ?? "").split(".");
  return { text, major: Number(major) || 2, minor: minor === undefined ? undefined : Number(minor) };
}

/** Whether its CRI can pull by the transfer service, and does so by default. */
export function pullsByTransfer({ major, minor = 1 }: ContainerdVersion): boolean {
  return major > 2 || (major === 2 && minor >= 1);
}
