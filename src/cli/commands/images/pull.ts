import { type ErrorCode, OciEncError } from "../../../errors.js";
import { filePlainMode } from "../../options/plain-mode.js";
import { platform, readPlatforms } from "../../options/platforms.js";
import { readRegistry } from "../../options/registry/registry.js";
import type { Command, Invocation, Report } from "../command.js";
import { decryptFlags, decryptNeeds, decryptTransform, layerFlags } from "../transfer/copy-transform.js";
import type { TransferOptions } from "../transfer/transfer.js";
import {
  copyConflicts,
  copyFlags,
  readCopyFlags,
  transferConflicts,
  transferFlags,
  transferNeeds,
} from "../transfer/transfer-flags.js";

/** `pull IMAGE [DST]`. */
export const pull: Command = {
  arguments: [
    { name: "IMAGE", about: "in a registry, with or without docker://; short names go by registries.conf" },
    { name: "DST", about: "where it goes; default the local store, under its own name", optional: true },
  ],
  flags: [...decryptFlags, ...layerFlags, platform, ...copyFlags, ...transferFlags, filePlainMode],
  conflicts: [...copyConflicts, ...transferConflicts],
  needs: [...decryptNeeds, ...transferNeeds],
  examples: [
    "oci-enc pull docker.io/library/bash:latest",
    "oci-enc pull --platform linux/amd64 registry.example/app:1",
    "oci-enc pull -k key.pem registry.example/app:1-enc app:1",
  ],
  async run(invocation) {
    const transform = await decryptTransform(invocation);
    const platforms = await readPlatforms(invocation.options);
    const plainMode = invocation.options.get(filePlainMode);
    const copying = readCopyFlags(invocation.options);
    const how = { ...copying, ...(transform && { transform }), platforms, otherPlatforms: "drop", plainMode } as const;
    return await pullFirst(invocation, how);
  },
};

/** A short name may mean several images: the first that is there is the one. */
async function pullFirst(invocation: Invocation, how: TransferOptions): Promise<Report> {
  const [{ registryName, searchNames }, { transferImage }] = await Promise.all([
    import("../../../transport/index.js"),
    import("../transfer/transfer.js"),
  ]);
  const [image = "", target] = invocation.arguments;
  const name = registryName(image);
  const registry = await readRegistry(invocation, "src");
  const candidates = name === image ? await searchNames(name, { registry }) : [image];
  const missed: string[] = [];
  for (const from of candidates) {
    try {
      return await transferImage({ ...invocation, arguments: [from, target ?? storeName(registryName(from))] }, how);
    } catch (error) {
      if (!isPassedOver(error) || missed.length + 1 >= candidates.length) throw error;
      missed.push(error.message);
      invocation.info(`${from} is passed over: ${error.message}`);
    }
  }
  throw new Error("a name has no meaning at all");
}

/** An image that is there and not let in is the one that was meant all the same: no other one takes its place. */
function isPassedOver(error: unknown): error is OciEncError {
  return error instanceof OciEncError && error.side === "source" && notThere.has(error.code);
}

const notThere: ReadonlySet<ErrorCode> = new Set(["NOT_FOUND", "DENIED", "UNAVAILABLE"]);

/** An image that is pulled by tag and digest is kept under its tag. */
function storeName(name: string): string {
  const [tagged = name] = name.split("@");
  return /:[^/]+$/.test(tagged) ? tagged : name;
}
