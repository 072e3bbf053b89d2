/** What a frame's header says. */
export interface FrameShape {
  /** The window descriptor of RFC 8878, section 3.1.1.1.2; default 1 MiB. */
  readonly windowDescriptor?: number;
  /** Say the content's size instead of a window, as if it were this. */
  readonly claimedSize?: number;
  /** Follow the content with a checksum, which is not a true one. */
  readonly checksum?: boolean;
  /** Bytes in each block; default 1000. */
  readonly blockSize?: number;
}

/** A zstd frame whose blocks are stored as they are, but those of one repeated byte, which are run-length encoded. */
export function zstdFrame(content: Uint8Array, shape: FrameShape = {}): Buffer {
  const { windowDescriptor = 10 << 3, claimedSize, checksum = false, blockSize = 1000 } = shape;
  const isSingle = claimedSize !== undefined;
  const flags = (checksum ? 4 : 0) | (isSingle ? 0x20 | 0x80 : 0);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(claimedSize ?? 0);
  const header = Buffer.concat([
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, flags]),
    isSingle ? size : Buffer.from([windowDescriptor]),
  ]);
  const blocks: Buffer[] = [];
  for (let at = 0; at === 0 || at < content.length; at += blockSize) {
    const block = content.subarray(at, at + blockSize);
    blocks.push(zstdBlock(block, at + blockSize >= content.length));
  }
  return Buffer.concat([header, ...blocks, Buffer.alloc(checksum ? 4 : 0, 0xcc)]);
}

/** A frame that decoders pass over. RFC 8878, section 3.1.2. */
export function skippableFrame(content: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x184d2a53);
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, content]);
}

function zstdBlock(content: Uint8Array, isLast: boolean): Buffer {
  const first = content[0];
  const isRun = first !== undefined && content.length > 4 && content.every((byte) => byte === first);
  const header = Buffer.alloc(3);
  header.writeUIntLE((content.length << 3) | (isRun ? 2 : 0) | (isLast ? 1 : 0), 0, 3);
  return Buffer.concat([header, isRun ? content.subarray(0, 1) : content]);
}
