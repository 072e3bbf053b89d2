import { labelText } from "../../../keys/label.js";
import type { RecipientInfo } from "../../key-wrapper.js";

/**
 * Whom a provider's packet is for. The packet is the provider's own; that of the Confidential Containers' key broker,
 * versions 1 and 2, is understood, and so is a `kid` in any other JSON. Never throws.
 */
export function describePacket(name: string, packet: Uint8Array): RecipientInfo {
  const members = readMembers(packet);
  const keyId = shown(members.get("kid"));
  const algorithm = shown(members.get("wrap_type")) || shown(members.get("alg"));
  // Version 1 has no member that says so; the key broker is what it is for. Version 2 may name another.
  const coco = members.has("kid") && members.has("wrapped_data");
  const broker = coco ? `${shown(members.get("provider")) || "kbs"} v${members.has("version") ? 2 : 1}` : "";
  return {
    scheme: "provider",
    algorithm: coco && algorithm === "" ? "A256GCM" : algorithm,
    id: keyId === "" ? name : `${name}:${keyId}`,
    label: [labelText(name), broker, keyId].filter((word) => word !== "").join(" "),
  };
}

/** The members of a JSON object; none when the packet is anything else. */
function readMembers(packet: Uint8Array): ReadonlyMap<string, unknown> {
  if (packet.length > maximumParsed) return new Map();
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(packet));
    if (typeof value !== "object" || value === null || Array.isArray(value)) return new Map();
    return new Map(Object.entries(value));
  } catch {
    // No JSON: the provider's own affair.
    return new Map();
  }
}

const maximumParsed = 256 * 1024;

function shown(value: unknown): string {
  return typeof value === "string" ? labelText(value) : "";
}
