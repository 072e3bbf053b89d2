import { startSupport } from "../process/child-process.js";

/** The name of a file that a process of this machine, which has been killed since, was writing. */
export async function draftNameOfTheDead(): Promise<string> {
  const child = startSupport("say-draft-mark", []);
  await child.said(/\n/);
  child.process.kill("SIGKILL");
  return (await child.ended()).stdout.trim();
}
