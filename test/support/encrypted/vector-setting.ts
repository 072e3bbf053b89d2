import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { softHsmModule } from "../keys/key-material.js";

/** Why the vectors of a scheme cannot be tried here, for `skip`; false when they can. */
export function vectorMissing(scheme: string): string | false {
  if (scheme !== "pkcs11" || existsSync(softHsmModule)) return false;
  return `there is no ${softHsmModule}: apt-get install softhsm2`;
}

/** Fills in what a copy of a vector leaves open, and makes its token: the environment in which its keys work. */
export function prepareVector(directory: string, id: string): NodeJS.ProcessEnv {
  const providers = join(directory, "keys", "ocicrypt_keyprovider.conf");
  if (existsSync(providers)) {
    fill(providers, "@DIR@", directory);
    return { OCICRYPT_KEYPROVIDER_CONFIG: providers, ...(id.endsWith("array") && { KP_ARRAY: "1" }) };
  }
  const keyFile = join(directory, "keys", "hsm.yaml");
  if (!existsSync(keyFile) || vectorMissing("pkcs11") !== false) return {};
  const configuration = join(directory, "softhsm2.conf");
  mkdirSync(join(directory, "tokens"));
  writeFileSync(configuration, `directories.tokendir = ${join(directory, "tokens")}\n`);
  const env = { ...process.env, SOFTHSM2_CONF: configuration };
  const tool = (...args: readonly string[]) => execFileSync("softhsm2-util", args, { env, stdio: "pipe" });
  tool("--init-token", "--free", "--label", "vectors", "--pin", "4711", "--so-pin", "4711");
  const key = ["--label", "vectorkey", "--id", "c0ffee01", "--pin", "4711"];
  tool("--import", join(directory, "keys", "hsm.pem"), "--token", "vectors", ...key);
  fill(keyFile, "@SOFTHSM2_CONF@", configuration);
  return { OCICRYPT_CONFIG: "internal" };
}

function fill(path: string, place: string, text: string): void {
  writeFileSync(path, readFileSync(path, "utf8").replaceAll(place, text));
}
