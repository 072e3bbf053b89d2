import protobuf from "protobufjs/minimal.js";
import type { DecryptionKey } from "../crypt/key-wrapper.js";
import { OciEncError } from "../errors.js";
import { membersOf, textsOf } from "./json-members.js";
import { malformedPayload, payloadKeys } from "./payload-keys.js";

/** What a client of containerd hands over for one layer. `wire-format.md` 6. */
export interface Payload {
  /** Of the layer's descriptor: the envelope. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Bytes of the encrypted layer, as far as known; only speed depends on it. */
  readonly size: number;
  readonly keys: readonly DecryptionKey[];
}

const payloadType = "io.containerd.ocicrypt.v1.Payload";

/** Reads a `google.protobuf.Any` around JSON. CORRUPT when it is malformed, UNSUPPORTED when it is of another type. */
export function parsePayload(bytes: Uint8Array): Payload {
  const { type, value } = readAny(bytes);
  // What comes before the last slash is the host of a type registry, and not part of the type.
  if (type.slice(type.lastIndexOf("/") + 1) !== payloadType) {
    throw new OciEncError("UNSUPPORTED", `the payload is of the type ${JSON.stringify(type.slice(0, 120))}`, {
      hint: `expected is ${payloadType}, as imgcrypt and containerd's CRI send it`,
    });
  }
  const root = members(parseJson(value), "it");
  const descriptor = members(root.get("Descriptor"), "its Descriptor");
  const config = members(root.get("DecryptConfig") ?? {}, "its DecryptConfig");
  const size = descriptor.get("size");
  return {
    annotations: textsOf(members(descriptor.get("annotations") ?? {}, "the annotations of its Descriptor")),
    size: typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : 0,
    keys: payloadKeys(members(config.get("Parameters") ?? {}, "the Parameters of its DecryptConfig")),
  };
}

function readAny(bytes: Uint8Array): { readonly type: string; readonly value: Uint8Array } {
  let type = "";
  let value: Uint8Array = new Uint8Array();
  try {
    const reader = protobuf.Reader.create(bytes);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === anyTags.typeUrl) type = reader.string();
      else if (tag === anyTags.value) value = reader.bytes();
      else reader.skipType(tag & 7);
    }
  } catch {
    // The library's message is about offsets, and does not help.
    throw malformedPayload("it is not a protobuf message");
  }
  return { type, value };
}

/** Field number and wire type 2, length-delimited. */
const anyTags = { typeUrl: (1 << 3) | 2, value: (2 << 3) | 2 } as const;

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // What the parser says may quote the text, in which there may be keys.
    throw malformedPayload("its value is not JSON");
  }
}

function members(value: unknown, what: string): ReadonlyMap<string, unknown> {
  const found = membersOf(value);
  if (found === undefined) throw malformedPayload(`${what} is not an object`);
  return found;
}
