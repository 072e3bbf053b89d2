import { type CanDecryptReport, printPlatform } from "../../../doors/index.js";
import type { OciEncError } from "../../../errors.js";
import { listTransports } from "../../../transport/references.js";
import { openingFlags, readSettings, settingFlags } from "../../options/keys/key-flags.js";
import { readKeys } from "../../options/keys/keys.js";
import { platform, readPlatforms } from "../../options/platforms.js";
import { onlyEndpoint, sourceFlags } from "../../options/registry/endpoints.js";
import { tableWidth, wide } from "../../options/wide.js";
import type { Command } from "../command.js";

/** `can-decrypt IMAGE`. */
export const canDecrypt: Command = {
  arguments: [{ name: "IMAGE", names: "image", about: listTransports(({ encrypted }) => encrypted) }],
  flags: [...openingFlags, ...settingFlags, platform, ...sourceFlags, wide],
  examples: [
    "oci-enc can-decrypt -k key.pem app:1-enc",
    "oci-enc can-decrypt -k key.pem --platform local oci:encrypted:app",
  ],
  async run(invocation) {
    const { options, progress, signal } = invocation;
    const [{ canDecryptImage }, { accessDocument, accessTable }] = await Promise.all([
      import("../../../doors/index.js"),
      import("../../output/tables/access-table.js"),
    ]);
    const report = await canDecryptImage(invocation.arguments[0] ?? "", {
      keys: await readKeys(invocation),
      platforms: await readPlatforms(options),
      settings: readSettings(options),
      source: await onlyEndpoint(invocation),
      progress,
      signal,
    });
    return {
      kind: "report",
      document: accessDocument(report),
      text: accessTable(report, tableWidth(options)),
      failure: failureOf(report),
    };
  },
};

/** The error that decrypting would end with. */
function failureOf({ layers, refusal, reference }: CanDecryptReport): OciEncError | undefined {
  if (refusal === undefined) return undefined;
  if (refusal.code !== "KEY_MISMATCH") {
    const layer = layers.find((one) => one.refusal === refusal);
    const where = `layer ${layer?.index}${layer?.platform ? ` of ${printPlatform(layer.platform)}` : ""}`;
    return refusal.with({ message: `${reference} cannot be decrypted: ${where}: ${refusal.message}` });
  }
  const encrypted = layers.filter((one) => one.encrypted);
  const refused = encrypted.filter(({ decrypts }) => decrypts === false).length;
  const message = `no given key decrypts ${refused} of ${encrypted.length} layers of ${reference}`;
  return refusal.with({ message });
}
