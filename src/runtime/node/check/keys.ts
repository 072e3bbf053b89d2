import { readFile, stat } from "node:fs/promises";
import { readKeysDirectory } from "../../../decoder/keys-directory.js";
import { unusableKeys } from "../../../decoder/readable-keys.js";
import { OciEncError, systemCode } from "../../../errors.js";
import { good, type NodeFinding, warning, wrong } from "./finding.js";

/** The private keys of a node: that they can be read, that one can be used, and that nobody else reads them. */
export async function checkKeys(keysPath: string): Promise<readonly NodeFinding[]> {
  const quoted = JSON.stringify(keysPath);
  try {
    const { mode } = await stat(keysPath);
    const keys = readKeysDirectory(keysPath);
    const ignored = await unusableKeys(keys);
    const findings = ignored.map((error) =>
      warning(
        "keys",
        `not used: ${error.message}`,
        error.hint ?? "remove it, or put its passphrase beside it as NAME.passphrase",
      ),
    );
    const usable = keys.length - ignored.length;
    if (usable <= 0) {
      const remedy =
        "put the private keys of this node there, one file each; without them only key providers can decrypt layers";
      findings.push(wrong("keys", `no usable key in ${quoted}`, remedy));
    }
    if ((mode & 0o077) !== 0) {
      const message = `users other than the owner may access ${quoted}: mode ${(mode & 0o777).toString(8)}`;
      findings.push(warning("keys", message, `chmod -R go= ${keysPath}`));
    }
    return findings.length > 0 ? findings : [good("keys", `${usable} usable in ${quoted}`)];
  } catch (error) {
    if (!(error instanceof OciEncError) && systemCode(error) === undefined) throw error;
    const remedy = `mkdir -m 700 -p ${keysPath}, and put the node's private keys there`;
    return [wrong("keys", `${quoted} cannot be read`, remedy)];
  }
}

/** The list of key providers, where there is one. */
export async function checkProviders(path: string): Promise<NodeFinding> {
  const quoted = JSON.stringify(path);
  try {
    const parsed: unknown = JSON.parse(await readFile(path, "utf8"));
    const listed =
      typeof parsed === "object" && parsed !== null && "key-providers" in parsed ? parsed["key-providers"] : {};
    return good("providers", `${Object.keys(listed ?? {}).length} in ${quoted}`);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return good("providers", `none: ${quoted} does not exist`);
    if (systemCode(error) === undefined && !(error instanceof SyntaxError)) throw error;
    return wrong("providers", `${quoted} cannot be read, or is not JSON`, "see docs/keys.md for its format");
  }
}
