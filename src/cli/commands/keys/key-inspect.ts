import type { KeyDescription } from "../../../doors/crypt.js";
import { OciEncError } from "../../../errors.js";
import { readKeyFile } from "../../options/keys/keys.js";
import { printable } from "../../output/printable.js";
import type { Argument, Command, Invocation } from "../command.js";

const file: Argument = {
  name: "FILE",
  about: "a key or certificate of any form, or a PKCS#11 URI; FILE:file=PATH and its like for an encrypted one",
};

/** `key inspect FILE`. */
export const keyInspect: Command = {
  arguments: [file],
  flags: [],
  examples: ["oci-enc key inspect key.pem", "oci-enc key inspect key.pem:prompt", "oci-enc key inspect alice.asc"],
  async run(invocation) {
    const keys = await describe(invocation);
    const document = {
      keys: keys.map((key) => ({ ...key, details: key.details.map(([name, value]) => ({ name, value })) })),
    };
    return { kind: "report", document, text: keys.map(paragraph).join("\n\n") };
  },
};

/** `key fingerprint FILE`. */
export const keyFingerprint: Command = {
  arguments: [file],
  flags: [],
  examples: ["oci-enc key fingerprint pub.pem", "oci-enc key fingerprint alice.asc"],
  async run(invocation) {
    const keys = await describe(invocation);
    const fingerprints = [...new Set(keys.map(({ fingerprint }) => fingerprint).filter((text) => text !== ""))];
    if (fingerprints.length === 0) {
      throw new OciEncError("KEY_INVALID", "the fingerprint cannot be told from outside", {
        hint: "give the passphrase with the key, for example FILE:prompt; a key in a token has none",
      });
    }
    return { kind: "report", document: { fingerprints }, text: fingerprints.map(printable).join("\n") };
  },
};

async function describe(invocation: Invocation): Promise<readonly KeyDescription[]> {
  const [{ describeSigningKey }, { describeKeyFile }] = await Promise.all([
    import("../../../doors/sign.js"),
    import("../../../doors/crypt.js"),
  ]);
  const file = await readKeyFile(invocation, invocation.arguments[0] ?? "");
  return (await describeSigningKey(file)) ?? (await describeKeyFile(file));
}

function paragraph(key: KeyDescription): string {
  const lines: (readonly [string, string])[] = [
    ["kind", key.kind],
    ...(key.algorithm === "" ? [] : [["algorithm", key.algorithm] as const]),
    ...(key.fingerprint === "" ? [] : [["fingerprint", key.fingerprint] as const]),
    ...(key.protected ? [["passphrase", "needed"] as const] : []),
    ...key.details,
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`).join("\n");
}
