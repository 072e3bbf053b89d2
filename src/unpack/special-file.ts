import { closeSync, openSync } from "node:fs";
import { ioError } from "../errors.js";
import type { Owners } from "./owners.js";
import { runTool } from "./system-tool.js";
import { shownName, type TarMember } from "./tar-member.js";

/**
 * Makes a FIFO, or as root a device node, with the system's own programs, as Node has no call for it. Without root an empty
 * file stands for a device, and is counted. LOCAL_IO; UNSUPPORTED when the program is missing.
 */
export async function makeSpecial(path: Buffer, member: TarMember, owners: Owners): Promise<void> {
  const { kind, device } = member;
  if (kind !== "fifo" && !owners.privileged) {
    owners.replacedDevice();
    makeEmptyFile(path, member);
    return;
  }
  const type = kind === "fifo" ? "p" : kind === "block" ? "b" : "c";
  const numbers = kind === "fifo" ? [] : [String(device.major), String(device.minor)];
  // A path as bytes cannot be an argument; a shell can make it of escapes.
  const escaped = [...path].map((byte) => `\\0${byte.toString(8).padStart(3, "0")}`).join("");
  const script = 'path=$(printf %bx "$1"); path=${path%x}; shift; exec mknod -m 600 -- "$path" "$@"';
  await runTool("sh", ["-c", script, "sh", escaped, type, ...numbers], {
    what: `cannot make the ${kind} ${shownName(member.path)}`,
    needs: "mknod of coreutils",
  });
}

function makeEmptyFile(path: Buffer, member: TarMember): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    throw ioError(error, `cannot unpack ${shownName(member.path)}`);
  }
}
