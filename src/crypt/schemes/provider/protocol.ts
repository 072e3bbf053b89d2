import { isBase64 } from "../../../bytes/base64.js";
import { OciEncError } from "../../../errors.js";

/** One question to a provider: the JSON of ocicrypt's key provider protocol, and the operation it asks for. */
export interface Request {
  readonly operation: "wrap" | "unwrap";
  readonly body: Uint8Array;
}

/** Asks to wrap a layer's options. Member for member what Go's library sends, with this provider's parameter alone. */
export function wrapRequest(name: string, parameter: string, secret: Uint8Array): Request {
  const ec = { Parameters: { [name]: [base64(Buffer.from(parameter))] }, DecryptConfig: { Parameters: {} } };
  return request("wrap", {
    op: "keywrap",
    keywrapparams: { ec, optsdata: base64(secret) },
    keyunwrapparams: { dc: null, annotation: null },
  });
}

/** Asks to unwrap a wrapped key. `parameter` is undefined when the provider was not named by a key. */
export function unwrapRequest(name: string, parameter: string | undefined, wrapped: Uint8Array): Request {
  const parameters = parameter === undefined ? {} : { [name]: [base64(Buffer.from(parameter))] };
  return request("unwrap", {
    op: "keyunwrap",
    keywrapparams: { ec: null, optsdata: null },
    keyunwrapparams: { dc: { Parameters: parameters }, annotation: base64(wrapped) },
  });
}

/** The wrapped key in the answer to a wrap request. KEY_PROVIDER when there is none. */
export function readAnnotation(answer: Uint8Array, provider: string): Uint8Array {
  return readResult(answer, { provider, group: "keywrapresults", member: "annotation" });
}

/** The layer options in the answer to an unwrap request. KEY_PROVIDER when there are none. */
export function readSecret(answer: Uint8Array, provider: string): Uint8Array {
  return readResult(answer, { provider, group: "keyunwrapresults", member: "optsdata" });
}

/** An answer holds one wrapped key or one layer's options: both are a few KiB at most. */
export const maximumAnswer: number = 1024 * 1024;

function request(operation: Request["operation"], body: object): Request {
  return { operation, body: Buffer.from(JSON.stringify(body)) };
}

interface Place {
  readonly provider: string;
  readonly group: string;
  readonly member: string;
}

function readResult(answer: Uint8Array, place: Place): Uint8Array {
  const result = own(own(parse(answer, place), place.group), place.member);
  const bytes = typeof result === "string" ? fromBase64(result) : fromNumbers(result);
  if (bytes !== undefined && bytes.length > 0) return bytes;
  throw bad(place, `has no usable ${place.group}.${place.member}`);
}

function parse(answer: Uint8Array, place: Place): unknown {
  if (answer.length > maximumAnswer) throw bad(place, `is ${answer.length} bytes long`);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(answer));
  } catch {
    // The parser's message may quote the answer, which may be secret.
    throw bad(place, answer.length === 0 ? "is empty" : "is not JSON");
  }
}

function own(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

/** As Go encodes bytes. */
function fromBase64(text: string): Uint8Array | undefined {
  return isBase64(text) ? Buffer.from(text, "base64") : undefined;
}

/** As the Rust providers encode bytes. */
function fromNumbers(value: unknown): Uint8Array | undefined {
  if (!Array.isArray(value)) return undefined;
  const numbers = value.filter((item) => Number.isInteger(item) && item >= 0 && item <= 255);
  return numbers.length === value.length ? Uint8Array.from(numbers) : undefined;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function bad({ provider }: Place, how: string): OciEncError {
  return new OciEncError("KEY_PROVIDER", `the answer of key provider ${JSON.stringify(provider)} ${how}`, {
    hint: "the provider does not speak ocicrypt's key provider protocol, or has failed without saying so",
  });
}
