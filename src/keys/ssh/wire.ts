/** Reads the fields of SSH's wire format, RFC 4251 section 5. Every method throws a RangeError where the bytes end early. */
export class SshReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A `uint32`. */
  number(): number {
    return this.take(4).readUInt32BE();
  }

  /** A `string`: its bytes. */
  field(): Buffer {
    return this.take(this.number());
  }

  /** A `string` of ASCII. */
  text(): string {
    return this.field().toString("latin1");
  }

  /** What is left. */
  rest(): Buffer {
    return this.take(this.#bytes.length - this.#at);
  }

  /** So many bytes. */
  take(count: number): Buffer {
    if (count > this.#bytes.length - this.#at) throw new RangeError("the key ends early");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}

/** An `mpint` without the zero byte before a high bit, as a JWK has it (RFC 7518, section 2: Base64urlUInt). */
export function unsigned(mpint: Uint8Array): string {
  const bytes = Buffer.from(mpint.buffer, mpint.byteOffset, mpint.byteLength);
  const first = bytes.findIndex((byte) => byte !== 0);
  return bytes.subarray(first < 0 ? bytes.length : first).toString("base64url");
}

/** The same number as an `mpint`: with a zero byte before a high bit. */
export function mpint(base64url: string): Uint8Array {
  const bytes = Buffer.from(base64url, "base64url");
  return (bytes[0] ?? 0) & 0x80 ? Buffer.concat([new Uint8Array(1), bytes]) : bytes;
}

/** Fields, each as a `string`. */
export function wire(...fields: readonly (string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(field);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
