import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { broughtPeer, type Peer, type PeerResult, run } from "../process/peer.js";
import { signedVectors, vectorStore } from "./notary-vector.js";

/** notation with a configuration of its own, which oci-enc reads, too. */
export interface Notation {
  /** Why it cannot be used here, for `skip`. */
  readonly missing: Peer["missing"];
  /** For other tools that are to read the same configuration. */
  readonly environment: NodeJS.ProcessEnv;
  readonly trustPolicy: string;
  readonly trustStore: string;
  call(...words: readonly string[]): Promise<PeerResult>;
  sign(image: string, key: string, format?: "jws" | "cose"): Promise<PeerResult>;
  verify(image: string): Promise<PeerResult>;
}

/** Has the chains of the signed vectors as signing keys, and trusts those that are in `trusted`. */
export function notationIn(directory: string, trusted: readonly string[] = ["ec256", "rsa2048"]): Notation {
  const configuration = join(directory, "notation");
  mkdirSync(join(configuration, "localkeys"), { recursive: true });
  const peer = broughtPeer("notation-forky");
  const environment = { XDG_CONFIG_HOME: directory, HOME: directory };
  const trustPolicy = join(configuration, "trustpolicy.json");
  const trustStore = vectorStore(join(configuration, "truststore"), trusted);
  writeFileSync(trustPolicy, JSON.stringify({ version: "1.0", trustPolicies: [statement(trusted)] }), { mode: 0o600 });
  const keys = ["ec256", "ec384", "rsa2048", "other"].map((name) => {
    const keep = (file: string): string => {
      const path = join(configuration, "localkeys", file);
      copyFileSync(join(signedVectors, "keys", "notary", file), path);
      return path;
    };
    return { name, keyPath: keep(`${name}-leaf.key`), certPath: keep(`${name}-chain.pem`) };
  });
  writeFileSync(join(configuration, "signingkeys.json"), JSON.stringify({ default: "ec256", keys }));
  const call = (...words: readonly string[]) => run(peer, words, environment);
  return {
    missing: peer.missing,
    environment,
    trustPolicy,
    trustStore,
    call,
    sign: (image, key, format = "jws") =>
      call("sign", "--insecure-registry", "--key", key, "--signature-format", format, image),
    verify: (image) => call("verify", "--insecure-registry", image),
  };
}

/** A signer of oci-enc's with a chain of the vectors. */
export function notarySpec(name: string): string {
  const file = (suffix: string) => join(signedVectors, "keys", "notary", `${name}-${suffix}`);
  return `notary:${file("leaf.key")},${file("chain.pem")}`;
}

function statement(trusted: readonly string[]): object {
  return {
    name: "all",
    registryScopes: ["*"],
    signatureVerification: { level: "strict" },
    trustStores: trusted.map((name) => `ca:${name}`),
    trustedIdentities: ["x509.subject: C=XX, ST=Test, O=oci-enc test"],
  };
}
