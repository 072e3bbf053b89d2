import { exits } from "../process/exits.js";
import { ociEnc } from "../process/oci-enc.js";
import type { PeerResult } from "../process/peer.js";

/** The command line in one environment. Images without a transport are in a registry. */
export interface SigningCalls {
  call(...words: readonly string[]): Promise<PeerResult>;
  /** Has to succeed. */
  sign(image: string, ...how: readonly string[]): Promise<PeerResult>;
  verify(image: string, ...how: readonly string[]): Promise<PeerResult>;
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
