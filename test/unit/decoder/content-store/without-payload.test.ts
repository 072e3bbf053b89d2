import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { handmadeLayer } from "../../../support/encrypted/handmade-layer.js";
import { MemoryPlace } from "../../../support/images/memory-image.js";
import { encryptionKey } from "../../../support/keys/key-pair.js";
import { ociEncProgram } from "../../../support/process/oci-enc.js";
import { ContentStore } from "../../../support/runtime/content-store.js";
import {
  type DecoderResult,
  decoderProgram,
  runOurDecoder,
  runStreamProcessor,
} from "../../../support/runtime/decoder.js";
import { scratchDirectory } from "../../../support/scratch.js";

const scratch = scratchDirectory();
const vector = join(process.cwd(), "test", "vectors", "decoder-payload");
const payload = readFileSync(join(vector, "payload.bin"));
const layer = readFileSync(join(vector, "layer.enc"));
const plain = readFileSync(join(vector, "layer.tgz"));
const keyFile = join(vector, "key.pem");
const { annotations } = JSON.parse(payload.subarray(payload.indexOf("{")).toString("utf8")).Descriptor;

const store = new ContentStore(join(scratch, "containerd"));
const digest = store.put(layer);
store.putManifest([{ digest, size: layer.length, annotations }]);

function decode(bytes: Uint8Array, { key = keyFile, root = store.root } = {}): Promise<DecoderResult> {
  return runOurDecoder({ args: ["--decryption-keys-path", key, "--content-root", root], layer: bytes });
}

async function refused(result: Promise<DecoderResult>, firstLine: RegExp): Promise<void> {
  const { status, stderr } = await result;
  assert.equal(status, 1, stderr);
  assert.match(stderr.split("\n")[0] ?? "", firstLine);
}

test("without a payload a layer is decrypted with what its manifest says, by both names of the program", async () => {
  for (const root of [store.root, store.directory]) {
    const { status, stdout, stderr } = await decode(layer, { root });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.deepEqual(stdout, plain);
  }
  const args = ["decoder", "--decryption-keys-path", keyFile, `--content-root=${store.root}`];
  const { stdout } = await runStreamProcessor([process.execPath, ociEncProgram], { args, layer });
  assert.deepEqual(stdout, plain);
});

test("layers shorter and longer than what is compared are decrypted to the last byte", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = join(scratch, "sizes.pem");
  writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }));
  const root = join(scratch, "sizes");
  const sizes = new ContentStore(root);
  for (const size of [1, 15, 4095, 4096, 4097]) {
    const place = new MemoryPlace();
    const content = randomBytes(size);
    const made = await handmadeLayer(place, { keys: [encryptionKey(publicKey)], content });
    const bytes = place.content(made.digest);
    sizes.put(bytes);
    sizes.putManifest([made]);
    const { status, stdout, stderr } = await decode(bytes, { key, root });
    assert.deepEqual([status, stderr, stdout], [0, "", content]);
  }
});

test("ten decoders at once find their layer", async () => {
  const results = await Promise.all(Array.from({ length: 10 }, () => decode(layer)));
  for (const { stdout } of results) assert.deepEqual(stdout, plain);
});

test("an envelope for somebody else, or a broken one, does not hide the one that the key decrypts", async () => {
  const root = join(scratch, "crowded");
  const crowded = new ContentStore(root);
  crowded.put(layer);
  crowded.putManifest([{ digest, size: layer.length, annotations }], 100);
  for (const wrapped of ["not base64!", Buffer.from("{}").toString("base64")]) {
    const others = { ...annotations, "org.opencontainers.image.enc.keys.jwe": wrapped };
    crowded.putManifest([{ digest, size: layer.length, annotations: others }]);
  }
  crowded.putManifest([{ digest, size: layer.length, annotations: {} }]);
  assert.deepEqual((await decode(layer, { root })).stdout, plain);
});

test("a wrong key, a changed, a cut and a foreign layer are refused in one line, and nothing is taken for whole", async () => {
  const stranger = join(scratch, "stranger.pem");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(stranger, privateKey.export({ type: "pkcs8", format: "pem" }));
  await refused(decode(layer, { key: stranger }), /^KEY_MISMATCH: /);
  const changed = Buffer.from(layer);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  const cut = layer.subarray(0, -1);
  const wanted = layer.length > 4096 ? /^CORRUPT: / : /^NOT_FOUND: no payload was passed on descriptor 3, and no /;
  await refused(decode(changed), wanted);
  await refused(decode(cut), wanted);
  const nothing =
    /^NOT_FOUND: no payload was passed on descriptor 3, and no encrypted layer that begins like this one is in ".*containerd/;
  await refused(decode(randomBytes(10_000)), nothing);
  await refused(decode(Buffer.alloc(0)), /^NOT_FOUND: .* is these 0 bytes is in/);
});

test("an empty store is one without the layer, and one that cannot be read is named with the way to another", async () => {
  const empty = new ContentStore(join(scratch, "empty"));
  await refused(decode(layer, { root: empty.root }), /^NOT_FOUND: .*no encrypted layer that .* is in ".*empty/);
  const closed = new ContentStore(join(scratch, "closed"));
  rmSync(closed.blobs, { recursive: true });
  symlinkSync(closed.blobs, closed.blobs);
  const { stderr } = await decode(layer, { root: closed.root });
  assert.match(
    stderr,
    /^LOCAL_IO: .* the content store ".*closed.*" cannot be read \(ELOOP\)\n {2}hint: .*--content-root/,
  );
});

test("a layer that is refused is not waited for to its end", async () => {
  const args = [decoderProgram, "--content-root", store.root, "--decryption-keys-path", keyFile];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "ignore", "pipe"] });
  child.stdin.on("error", () => {
    // It ends without reading on.
  });
  child.stdin.write(randomBytes(2 ** 21));
  const [said, [status]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  assert.equal(status, 1);
  assert.match(said, /^NOT_FOUND: /);
});
