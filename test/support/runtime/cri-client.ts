import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { connect as connectSocket } from "node:net";
import protobuf from "protobufjs/minimal.js";

// The few calls of Kubernetes' Container Runtime Interface, v1, that it takes to pull an image and run it once. Messages
// are written field by field: the definitions would be ten times as long as what is used of them.

/** A message by its field numbers. */
type Fields = readonly (readonly [field: number, value: string | number | Fields])[];

/** The interface of one containerd. */
export interface CriClient {
  /** Pulls an image. Rejects with the runtime's own words. */
  pull(image: string): Promise<void>;
  /** Runs the image's own command on the host's network, and gives its exit code and what it printed. */
  run(image: string, logs: string): Promise<{ readonly status: number; readonly log: string }>;
  close(): void;
}

/** Talks to the runtime at a socket. */
export function criClient(socket: string): CriClient {
  const session = connect("http://localhost", { createConnection: () => connectSocket(socket) });
  session.on("error", () => {
    // The call in flight fails with it.
  });
  const call = (method: string, fields: Fields) => callUnary(session, `/runtime.v1.${method}`, encode(fields));
  const imageSpec = (image: string): Fields => [[1, image]];
  return {
    async pull(image) {
      await call("ImageService/PullImage", [[1, imageSpec(image)]]);
    },
    async run(image, logs) {
      const id = `t${process.pid}-${Date.now()}`;
      const onHost: Fields = [[1, 2]];
      const pod: Fields = [
        [
          1,
          [
            [1, id],
            [2, id],
            [3, "default"],
          ],
        ],
        [3, logs],
        [8, [[2, [[1, onHost]]]]],
      ];
      const sandbox = textField(await call("RuntimeService/RunPodSandbox", [[1, pod]]), 1);
      try {
        const container: Fields = [
          [1, [[1, "c"]]],
          [2, imageSpec(image)],
          [11, "c.log"],
          [15, [[2, [[3, onHost]]]]],
        ];
        const created = await call("RuntimeService/CreateContainer", [
          [1, sandbox],
          [2, container],
          [3, pod],
        ]);
        const name = textField(created, 1);
        await call("RuntimeService/StartContainer", [[1, name]]);
        const status = await ended(call, name);
        const { readFileSync } = await import("node:fs");
        return { status, log: readFileSync(`${logs}/c.log`, "utf8") };
      } finally {
        await call("RuntimeService/StopPodSandbox", [[1, sandbox]]);
        await call("RuntimeService/RemovePodSandbox", [[1, sandbox]]);
      }
    },
    close: () => session.close(),
  };
}

/** Asks until the container is in the state "exited". */
async function ended(call: (method: string, fields: Fields) => Promise<Buffer>, name: string): Promise<number> {
  for (let left = 200; left > 0; left -= 1) {
    const status = bytesField(await call("RuntimeService/ContainerStatus", [[1, name]]), 1);
    if (numberField(status, 3) >= 2) return numberField(status, 7);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("a container did not end within ten seconds");
}

function encode(fields: Fields): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const [field, value] of fields) {
    if (typeof value === "number") writer.uint32(field << 3).uint32(value);
    else if (typeof value === "string") writer.uint32((field << 3) | 2).string(value);
    else writer.uint32((field << 3) | 2).bytes(encode(value));
  }
  return writer.finish();
}

/** The last value of a field; undefined when the message has none. */
function fieldOf(message: Uint8Array, wanted: number): Uint8Array | number | undefined {
  const reader = protobuf.Reader.create(message);
  let found: Uint8Array | number | undefined;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const isWanted = tag >>> 3 === wanted;
    if (isWanted && (tag & 7) === 2) found = reader.bytes();
    else if (isWanted && (tag & 7) === 0) found = Number(reader.uint64());
    else reader.skipType(tag & 7);
  }
  return found;
}

function bytesField(message: Uint8Array, field: number): Uint8Array {
  const value = fieldOf(message, field);
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function textField(message: Uint8Array, field: number): string {
  return Buffer.from(bytesField(message, field)).toString("utf8");
}

function numberField(message: Uint8Array, field: number): number {
  const value = fieldOf(message, field);
  return typeof value === "number" ? value : 0;
}

/** One gRPC call: a frame of five bytes and the message, there and back; the status is in the trailers. */
function callUnary(session: ClientHttp2Session, path: string, message: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const request = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const parts: Buffer[] = [];
    let last: IncomingHttpHeaders = {};
    request.on("response", (headers) => {
      last = headers;
    });
    request.on("trailers", (headers) => {
      last = headers;
    });
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("error", reject);
    request.on("end", () => {
      if (last["grpc-status"] === "0") resolve(Buffer.concat(parts).subarray(5));
      else reject(new Error(decodeURIComponent(String(last["grpc-message"] ?? "no answer"))));
    });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    request.end(Buffer.concat([head, message]));
  });
}
