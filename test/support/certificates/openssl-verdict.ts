import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { judgedAt } from "./draft-chain.js";

/** What OpenSSL says of a chain, and its words for it. */
export interface OpensslVerdict {
  readonly accepted: boolean;
  readonly said: string;
}

/** OpenSSL's numbers for an authority key identifier and a subject key identifier that are missing. */
const missingIdentifiers = new Set(["85", "86"]);

/** RFC 5280's user who accepts every policy. Without it OpenSSL refuses all chains in which a policy is demanded. */
const anyPolicy = "2.5.29.32.0";

/**
 * Asks `openssl verify -x509_strict -policy_check` about a chain, leaf first, whose root is trusted. `lenient`: identifiers
 * that are missing are no fault.
 */
export async function opensslVerdict(chain: readonly Uint8Array[], lenient: boolean): Promise<OpensslVerdict> {
  const folder = await mkdtemp(join(tmpdir(), "oci-enc-verify-"));
  try {
    const [leaf = Buffer.of(), ...above] = chain;
    await Promise.all([
      writeFile(join(folder, "leaf"), pem(leaf)),
      writeFile(join(folder, "middle"), above.slice(0, -1).map(pem).join("")),
      writeFile(join(folder, "root"), pem(above.at(-1) ?? leaf)),
    ]);
    const said = await verify(folder, above.length > 1 ? ["-untrusted", "middle"] : []);
    const faults = [...said.matchAll(/^error (\d+) at/gm)].map(([, number = ""]) => number);
    const excused = lenient && faults.length > 0 && faults.every((number) => missingIdentifiers.has(number));
    return { accepted: said.includes("leaf: OK") || excused, said };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function verify(cwd: string, untrusted: readonly string[]): Promise<string> {
  const seconds = String(judgedAt.getTime() / 1000);
  const words = [
    "verify",
    "-x509_strict",
    "-policy_check",
    "-policy",
    anyPolicy,
    "-attime",
    seconds,
    "-CAfile",
    "root",
    ...untrusted,
    "leaf",
  ];
  return new Promise((resolve) => {
    execFile("openssl", words, { cwd }, (_error, stdout, stderr) => resolve(`${stdout}${stderr}`));
  });
}

function pem(encoded: Uint8Array): string {
  const lines =
    Buffer.from(encoded)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
