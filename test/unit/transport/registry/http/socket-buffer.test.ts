import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { socketReadBuffer } from "../../../../../src/transport/registry/http/socket-buffer.js";

test("whatever several sockets read, and in whatever order, no read lies over another one's bytes", () => {
  const read = fc.record({ socket: fc.nat(3), part: fc.double({ min: 0, max: 1, noNaN: true }) });
  fc.assert(
    fc.property(fc.array(read, { maxLength: 60 }), (reads) => {
      const buffers = Array.from({ length: 4 }, nextBuffer);
      const pieces: Uint8Array[] = [];
      const socket = { push: (piece: Uint8Array) => pieces.push(piece) > 0 };
      for (const [index, { socket: which, part }] of reads.entries()) {
        const buffer = buffers[which] ?? assert.fail();
        const count = Math.max(1, Math.floor(part * buffer.length));
        buffer.fill(index, 0, count);
        assert.equal(socketReadBuffer.callback.call(socket, count, buffer), true);
        buffers[which] = nextBuffer();
      }
      for (const [index, piece] of pieces.entries()) assert.ok(piece.every((byte) => byte === index));
    }),
    { numRuns: 50 },
  );
});

test("a socket gives what came, in pieces that are larger than those of Node's own", async () => {
  const sent = Buffer.alloc(8 * 1024 * 1024, "0123456789abcdef-");
  const server = createServer((socket) => socket.end(sent));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const pieces: Buffer[] = [];
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1", onread: socketReadBuffer });
  for await (const piece of socket) {
    pieces.push(piece);
    await new Promise((resolve) => setTimeout(resolve, 5)); // Let more come than one packet.
  }
  server.close();
  assert.deepEqual(Buffer.concat(pieces), sent);
  assert.ok(pieces.some(({ length }) => length > 64 * 1024));
});

function nextBuffer(): Uint8Array {
  const { buffer } = socketReadBuffer;
  return typeof buffer === "function" ? buffer() : buffer;
}
