import { OciEncError } from "../../errors.js";
import { type JsonNode, parseJson } from "../../oci/json-text.js";
import { protoBytes, protoItems, protoMembers, protoText } from "./proto-json.js";

const what = "the bundle's verification material";

/**
 * Checks what a bundle says beside its signature: that it is by a bare key, which it need not name; and that entries of a log
 * and timestamps are well formed. None of it is used. CORRUPT when it is malformed, UNSUPPORTED
 * when the bundle is by a certificate.
 */
export function checkMaterial(node: JsonNode | undefined): void {
  const members = protoMembers(node, [...signers, "tlogEntries", "timestampVerificationData"], what);
  const given = signers.filter((name) => members.has(name));
  if (given.length !== 1) throw malformed(`names ${given.length} signers`);
  if (given[0] !== "publicKey") {
    throw new OciEncError("UNSUPPORTED", "a bundle that is signed by a certificate, and not by a bare key");
  }
  protoText(protoMembers(members.get("publicKey"), ["hint"], what), "hint", what);
  for (const entry of protoItems(members, "tlogEntries", what)) checkLogEntry(entry);
  const times = members.get("timestampVerificationData");
  if (times === undefined) return;
  for (const time of protoItems(protoMembers(times, ["rfc3161Timestamps"], what), "rfc3161Timestamps", what)) {
    protoBytes(protoMembers(time, ["signedTimestamp"], what), "signedTimestamp", what);
  }
}

/** Of which a bundle has exactly one. */
const signers = ["publicKey", "x509CertificateChain", "certificate"] as const;

const entryMembers = [
  ...["logIndex", "logId", "kindVersion", "integratedTime"],
  ...["inclusionPromise", "inclusionProof", "canonicalizedBody"],
];

/** The entry has to be one of a log; whether it is in a log is not asked. */
function checkLogEntry(node: JsonNode): void {
  const entry = protoMembers(node, entryMembers, what);
  protoBytes(protoMembers(entry.get("logId"), ["keyId"], what), "keyId", what);
  const version = protoMembers(entry.get("kindVersion"), ["kind", "version"], what);
  // Version 0.3 of bundles asks for the proof; the promise is an addition.
  protoMembers(entry.get("inclusionProof"), ["logIndex", "rootHash", "treeSize", "hashes", "checkpoint"], what);
  const promise = entry.get("inclusionPromise");
  if (promise) protoBytes(protoMembers(promise, ["signedEntryTimestamp"], what), "signedEntryTimestamp", what);
  const { root } = parseJson(protoBytes(entry, "canonicalizedBody", what), "an entry of a log");
  const body = protoMembers(root, ["apiVersion", "kind", "spec"], "an entry of a log");
  const [kind, number] = [protoText(body, "kind", what), protoText(body, "apiVersion", what)];
  if (kind === "" || kind !== protoText(version, "kind", what) || number !== protoText(version, "version", what)) {
    throw malformed("has an entry of a log that is of another kind than it says");
  }
}

function malformed(how: string): OciEncError {
  return new OciEncError("CORRUPT", `${what} ${how}`);
}
