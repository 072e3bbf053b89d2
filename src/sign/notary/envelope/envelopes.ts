import type { SignatureFormat } from "../../signature.js";
import { coseForm } from "./cose.js";
import type { EnvelopeForm } from "./envelope.js";
import { jwsForm } from "./jws.js";

/** The formats that this folder is about; the first one is made when no format is asked for. */
export type NotaryFormat = "jws" | "cose";

/** Every form of envelopes. */
export const envelopeForms: ReadonlyMap<SignatureFormat, EnvelopeForm> = new Map<NotaryFormat, EnvelopeForm>([
  ["jws", jwsForm],
  ["cose", coseForm],
]);

/** Their names. */
export const notaryFormats: readonly SignatureFormat[] = [...envelopeForms.keys()];
