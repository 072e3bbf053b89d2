import type { Finding } from "./check.js";
import type { DecryptedLayer } from "./decrypted-layers.js";
import { about } from "./subject.js";

/** Whether the keys open the layers. */
export function keysDecrypt(layers: readonly DecryptedLayer[]): readonly Finding[] {
  return layers.map(({ subject, refused }) =>
    about(subject, refused ? "failed" : "passed", refused ? refused.message : "a given key decrypts it"),
  );
}

/** Whether the stored bytes are those that were encrypted. */
export function hmacsHold(layers: readonly DecryptedLayer[]): readonly Finding[] {
  return layers.map(({ subject, content }) => {
    if (!content) return about(subject, "not judged", "no given key decrypts it");
    if (content.failure) return about(subject, "failed", content.failure.error.message);
    return about(subject, "passed", "its bytes and its HMAC hold");
  });
}

/** Whether the content is what was encrypted: the wrapped digest's, or by its diff id that of another compression. */
export function contentsMatch(layers: readonly DecryptedLayer[]): readonly Finding[] {
  return layers.map(({ subject, content }) => {
    if (!content?.plain) return about(subject, "not judged", "its content could not be read");
    const { wrapped, plain, diffId } = content;
    if (wrapped === plain) return about(subject, "passed", "its content has the wrapped digest");
    const held = diffId !== undefined && diffId === subject.diffId;
    if (held && wrapped === undefined) return about(subject, "passed", "no digest was wrapped; its diff id holds");
    if (held) return about(subject, "passed", "it was recompressed before it was encrypted; its diff id holds");
    if (wrapped === undefined)
      return about(subject, "warning", "no digest was wrapped, and the config names no diff id");
    return about(subject, "failed", "its content is neither the wrapped digest's nor the diff id's");
  });
}

/** Whether the uncompressed content is what the config says. */
export function diffIdsHold(layers: readonly DecryptedLayer[]): readonly Finding[] {
  return layers.map(({ subject, content }) => {
    if (!content?.plain) return about(subject, "not judged", "its content could not be read");
    if (subject.misfit) return about(subject, "failed", "the config does not have one diff id for each layer");
    if (subject.diffId === undefined) return about(subject, "not judged", "the config names no diff id");
    const held = content.diffId === subject.diffId;
    return about(subject, held ? "passed" : "failed", `its content has ${held ? "" : "not "}the diff id of the config`);
  });
}
