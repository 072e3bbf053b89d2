/** As many bytes of a secret in a row as must not be seen. */
const windowSize = 16;

/** Finds pieces of secrets in what a program said. */
export class LeakFinder {
  readonly #pieces = new Set<string>();

  /** `content` as it is, and what base64 in it stands for. */
  add(content: Uint8Array): void {
    const text = Buffer.from(content).toString("latin1");
    const body = text.replace(/-----[A-Z ]+-----/g, "\n");
    for (const line of body.split(/\s+/)) this.#addBytes(Buffer.from(line, "latin1"));
    for (const word of text.match(/[A-Za-z0-9_-]{22,}/g) ?? []) this.#addBytes(Buffer.from(word, "base64url"));
    if (text !== body) this.#addBytes(Buffer.from(body.replace(/^.*:.*$|^=.*$/gm, "").replace(/\s/g, ""), "base64"));
  }

  /** The first piece that is there, in any form; undefined when there is none. */
  find(said: string): string | undefined {
    const plain = said.replace(/\\[nrt]|\s/g, "");
    for (const candidate of new Set([said, plain])) {
      for (let at = 0; at + windowSize <= candidate.length; at += 1) {
        const piece = candidate.slice(at, at + windowSize);
        if (this.#pieces.has(piece)) return piece;
      }
    }
    return undefined;
  }

  /** Every window in four forms, each cut to what a window of text has. */
  #addBytes(bytes: Buffer): void {
    for (let at = 0; at + windowSize <= bytes.length; at += 1) {
      const piece = bytes.subarray(at, at + windowSize);
      for (const form of [
        piece.toString("latin1"),
        piece.toString("utf8"),
        piece.toString("hex"),
        piece.toString("base64"),
        piece.toString("base64url"),
      ]) {
        if (form.length >= windowSize) this.#pieces.add(form.slice(0, windowSize));
      }
    }
  }
}
