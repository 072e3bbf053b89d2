import type { DescriptorPlace } from "../../copy/plan/plan-descriptors.js";
import { staleIn } from "../../oci/descriptor-content.js";
import { isEncrypted } from "../../oci/media-type.js";
import type { Finding } from "./check.js";
import type { Subject } from "./subject.js";

/**
 * Whether descriptors hold or name content that is not theirs: `data` that is not what the digest says, and beside an
 * encrypted layer whatever gives the plain one away.
 */
export function nothingBeside(subject: Subject): readonly Finding[] {
  const findings = subject.descriptors.flatMap(judged);
  const place = { platform: undefined, index: undefined, digest: subject.root.digest };
  const nothing: Finding = { verdict: "passed", place, message: "no descriptor holds or names other content" };
  return findings.length === 0 ? [nothing] : findings;
}

function judged({ where, descriptor, platform, layer }: DescriptorPlace): readonly Finding[] {
  const encrypted = isEncrypted(descriptor.mediaType);
  const { members, annotations } = staleIn(descriptor, { same: true, encrypted });
  const place = { platform, index: layer?.index, digest: descriptor.digest };
  const failed = [...members, ...annotations].map((name): Finding => {
    const why = name === "data" ? "is not what the digest says" : "may hold or name content that is encrypted";
    return { verdict: "failed", place, message: `${JSON.stringify(name.slice(0, 80))} of ${where} ${why}` };
  });
  const unread = (descriptor.unknown ?? []).filter(({ telling }) => encrypted && !telling);
  const unknown = unread.map(({ key }): Finding => {
    const message = `${JSON.stringify(key.slice(0, 80))} of ${where} is unknown here and may tell of its content`;
    return { verdict: "warning", place, message };
  });
  return [...failed, ...unknown];
}
