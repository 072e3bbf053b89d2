import { labelText } from "../../../keys/label.js";
import type { RecipientInfo } from "../../key-wrapper.js";

/**
 * Whom a provider's wrapped key is for. The wrapped key is the provider's own; that of the Confidential Containers' key broker,
 * versions 1 and 2, is understood, and so is a `kid` in any other JSON. Never throws.
 */
export function describeWrappedKey(name: string, wrapped: Uint8Array): RecipientInfo {
  const members = readMembers(wrapped);
  const keyId = shown(members.get("kid"));
  const algorithm = shown(members.get("wrap_type")) || shown(members.get("alg"));
  // Version 1 has no member that says so; the key broker is what it is for. Version 2 may name another.
  const coco = members.has("kid") && members.has("wrapped_data");
  const broker = coco ? `${shown(members.get("provider")) || "kbs"} v${members.has("version") ? 2 : 1}` : "";
  return {
    kind: "recipient",
    scheme: "provider",
    algorithm: coco && algorithm === "" ? "A256GCM" : algorithm,
    id: keyId === "" ? name : `${name}:${keyId}`,
    label: [labelText(name), broker, keyId].filter((word) => word !== "").join(" "),
  };
}

/** The members of a JSON object; none when the wrapped key is anything else. */
function readMembers(wrapped: Uint8Array): ReadonlyMap<string, unknown> {
  if (wrapped.length > maximumParsed) return new Map();
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(wrapped));
    if (typeof value !== "object" || value === null || Array.isArray(value)) return new Map();
    return new Map(Object.entries(value));
  } catch {
    // Not JSON: a form that only the provider knows.
    return new Map();
  }
}

const maximumParsed = 256 * 1024;

function shown(value: unknown): string {
  return typeof value === "string" ? labelText(value) : "";
}
