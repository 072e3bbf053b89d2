import { homedir } from "node:os";

/**
 * The user's home. The root of the file system where HOME is not set and the user is a number without a name, as in a container:
 * docker sets HOME to that, too.
 */
export function homeDirectory(): string {
  try {
    return homedir();
  } catch {
    return "/";
  }
}
