import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { broughtPeer, type Peer, type PeerResult, run } from "../process/peer.js";
import { signedVectors } from "./signed-vectors.js";

/** One release of cosign, kept from the network. Keys are those of the signed vectors: `sigstore-k1`. */
export interface Cosign {
  readonly name: string;
  /** Why it cannot be used here, for `skip`. */
  readonly missing: Peer["missing"];
  /** Signs in the form that this release writes by itself: `.sig` by 2.5, a bundle by 3. */
  sign(image: string, key: string, ...more: readonly string[]): Promise<PeerResult>;
  /** Signs as releases before 3 did. */
  signLegacy(image: string, key: string): Promise<PeerResult>;
  /** `key`: of the vectors, or the path of a public key. */
  verify(image: string, key: string, ...more: readonly string[]): Promise<PeerResult>;
}

/** Both releases, with what they need below `directory`. */
export function cosigns(directory: string): { readonly two: Cosign; readonly three: Cosign } {
  const file = (name: string, content: object): string => {
    const path = join(directory, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  mkdirSync(directory, { recursive: true });
  const signingConfig = file("signing-config.json", {
    mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
    rekorTlogConfig: {},
    tsaConfig: {},
  });
  const trustedRoot = file("trusted-root.json", {
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
  });
  const legacy = ["--use-signing-config=false", "--tlog-upload=false", "--new-bundle-format=false"];
  return {
    two: cosign("cosign-trixie", directory, { sign: ["--tlog-upload=false"], legacy: ["--tlog-upload=false"] }),
    three: cosign("cosign-forky", directory, {
      sign: ["--signing-config", signingConfig],
      legacy,
      verify: ["--trusted-root", trustedRoot],
    }),
  };
}

/** The passphrase of the vectors' keys, in cosign's variable. */
export const cosignPassword: NodeJS.ProcessEnv = { COSIGN_PASSWORD: "oci-enc-test-A" };

/** A key file of the vectors. */
export function sigstoreKey(key: string, half: "key" | "pub"): string {
  return key.includes("/") ? key : join(signedVectors, "keys", `${key}.${half}`);
}

interface Ways {
  readonly sign: readonly string[];
  readonly legacy: readonly string[];
  readonly verify?: readonly string[];
}

function cosign(name: string, home: string, ways: Ways): Cosign {
  const peer = broughtPeer(name);
  const call = (...words: readonly string[]) => run(peer, words, { ...cosignPassword, HOME: home });
  const sign = (key: string, image: string, more: readonly string[]) =>
    call("sign", "--yes", "--allow-http-registry", "--key", sigstoreKey(key, "key"), ...more, image);
  return {
    name,
    missing: peer.missing,
    sign: (image, key, ...more) => sign(key, image, [...ways.sign, ...more]),
    signLegacy: (image, key) => sign(key, image, ways.legacy),
    verify: (image, key, ...more) =>
      call(
        ...["verify", "--allow-http-registry", "--insecure-ignore-tlog", ...(ways.verify ?? [])],
        ...["--key", sigstoreKey(key, "pub"), ...more, image],
      ),
  };
}
