import { randomBytes } from "node:crypto";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { ioError } from "../errors.js";
import { runTool } from "../process/system-tool.js";
import { shownName, type TarMember } from "../tar/tar-member.js";

/**
 * Makes a FIFO, or as root a device node, with the system's own program, as Node has no call for it. LOCAL_IO; UNSUPPORTED
 * when the program is missing.
 */
export async function makeSpecial(file: SpecialFile, member: TarMember): Promise<void> {
  const { kind, device } = member;
  const what = `cannot make the ${kind} ${shownName(member.path)}`;
  const type = kind === "fifo" ? "p" : kind === "block" ? "b" : "c";
  const numbers = kind === "fifo" ? [] : [String(device.major), String(device.minor)];
  // A name that is not UTF-8 cannot be an argument, so it gets that in a second step.
  const draft = `.oci-enc-${randomBytes(8).toString("hex")}`;
  await runTool("mknod", ["-m", "600", draft, type, ...numbers], {
    cwd: file.root,
    what,
    needs: "mknod of coreutils",
  });
  try {
    renameSync(join(file.root, draft), file.path);
  } catch (error) {
    throw ioError(error, what);
  }
}

/** A special file to be made. */
export interface SpecialFile {
  /** The tree's own directory. */
  readonly root: string;
  readonly path: Buffer;
}
