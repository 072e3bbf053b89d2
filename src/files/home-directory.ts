import { homedir, userInfo } from "node:os";
import { isAbsolute } from "node:path";

/**
 * The user's home, always an absolute path: where HOME is empty or says none, the one that the system knows, since what is
 * looked up there must not come from wherever a command is run. The root of the file system where HOME is not set and the user is a number without a name, as in a container:
 * docker sets HOME to that, too.
 */
export function homeDirectory(): string {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : userInfo().homedir;
  } catch {
    return "/";
  }
}
