import { homedir, userInfo } from "node:os";
import { isAbsolute } from "node:path";

/**
 * The user's home, always an absolute path. Where HOME is empty or relative, it is the one that the system knows: what is
 * looked up there must not depend on the current directory. Where HOME is not set and the user has no name, as in a
 * container, it is `/`, as docker has it.
 */
export function homeDirectory(): string {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : userInfo().homedir;
  } catch {
    return "/";
  }
}
