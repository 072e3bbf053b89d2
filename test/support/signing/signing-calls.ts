import { join } from "node:path";
import { exits } from "../process/exits.js";
import { ociEnc } from "../process/oci-enc.js";
import type { PeerResult } from "../process/peer.js";
import { cosignPassword } from "./cosign.js";

/** The command line in one environment. Images without a transport are in a registry. */
export interface SigningCalls {
  call(...words: readonly string[]): Promise<PeerResult>;
  /** Has to succeed. */
  sign(image: string, ...how: readonly string[]): Promise<PeerResult>;
  verify(image: string, ...how: readonly string[]): Promise<PeerResult>;
}

/** Calls with cosign's password, in a home directory of their own. */
export function signingCallsIn(home: string): SigningCalls {
  return signingCalls({ ...cosignPassword, HOME: home, XDG_CONFIG_HOME: join(home, "config") });
}

/** Calls with these variables beside the process's own. */
export function signingCalls(environment: NodeJS.ProcessEnv): SigningCalls {
  const call = (...words: readonly string[]) => ociEnc(words, { env: environment });
  const reference = (image: string) => (/^(?:dir|oci|oci-archive|docker):/.test(image) ? image : `docker://${image}`);
  return {
    call,
    sign: (image, ...how) => exits(0, call("sign", ...how, reference(image))),
    verify: (image, ...how) => call("verify", ...how, reference(image)),
  };
}
