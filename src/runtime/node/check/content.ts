import { readdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { contentStores } from "../../../decoder/content-store/content-roots.js";
import { systemCode } from "../../../errors.js";
import type { StreamProcessor } from "../stream-processors.js";
import { locate } from "./decoder.js";
import { good, type NodeFinding, warning, wrong } from "./finding.js";

/** What is looked at of a script. */
const scriptLimit = 4096;

/**
 * Whether the decoder finds the content store of the containerd whose `root` that is. `payloadless`: who makes it look there;
 * undefined: nobody whose images this node runs.
 */
export async function checkContent(
  root: string,
  processors: readonly (readonly [id: string, StreamProcessor])[],
  payloadless: string | undefined,
): Promise<readonly NodeFinding[]> {
  const [store = ""] = contentStores(root);
  const findings = processors.map(([id, processor]) => checkPlace(id, processor, { root, store, payloadless }));
  const found = (await Promise.all(findings)).flat();
  if (found.length > 0) return found;
  return [await checkReadable(store)];
}

interface Place {
  readonly root: string;
  readonly store: string;
  readonly payloadless: string | undefined;
}

async function checkPlace(
  id: string,
  processor: StreamProcessor,
  { root, store, payloadless }: Place,
): Promise<readonly NodeFinding[]> {
  const told = optionOf("content-root", processor);
  const looked = contentStores(told);
  if (looked.includes(store) || (await isScriptWithRoot(processor))) return [];
  const how =
    told === undefined
      ? "is not one in which the decoder looks by itself"
      : `is not the ${JSON.stringify(told)} of --content-root`;
  const message = `the root of containerd, ${JSON.stringify(root)}, ${how}`;
  const remedy = `args of ${id}: "--content-root", ${JSON.stringify(root)}`;
  return [payloadless === undefined ? warning("content", message, remedy) : wrong("content", message, remedy)];
}

/** Where nothing can be said in a configuration, as in that of Docker's own containerd, a script may stand before the decoder. */
async function isScriptWithRoot(processor: StreamProcessor): Promise<boolean> {
  const program = await locate(processor);
  if (program === undefined) return false;
  const start = await readFile(program.path).then(
    (bytes) => bytes.subarray(0, scriptLimit).toString("latin1"),
    () => "",
  );
  return start.startsWith("#!") && start.includes("--content-root");
}

async function checkReadable(store: string): Promise<NodeFinding> {
  const quoted = JSON.stringify(store);
  try {
    await readdir(`${store}/blobs/sha256`);
    return good("content", quoted);
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    if (code === "ENOENT") return good("content", `${quoted} is not there yet: it comes with the first image`);
    if (process.geteuid?.() === 0) {
      const remedy = `see what keeps root out of ${JSON.stringify(dirname(store))}: the decoder looks there for layers without a payload`;
      return wrong("content", `${quoted} cannot be read (${code})`, remedy);
    }
    return warning(
      "content",
      `this user cannot look into ${quoted} (${code})`,
      "run it as the user who runs containerd: sudo oci-enc runtime check",
    );
  }
}

/** The value of an option in a decoder's arguments, as the decoder takes it: the last one, with one dash or two. */
export function optionOf(name: string, { args }: StreamProcessor): string | undefined {
  let found: string | undefined;
  for (const [index, arg] of args.entries()) {
    const word = arg.replace(/^--?/, "");
    if (word === arg) continue;
    if (word === name) found = args[index + 1];
    if (word.startsWith(`${name}=`)) found = word.slice(name.length + 1);
  }
  return found;
}
