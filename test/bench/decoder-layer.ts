import { createHash, generateKeyPairSync } from "node:crypto";
import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { defaultCipher } from "../../src/crypt/ciphers/index.js";
import { loadRecipients, sealLayer } from "../../src/crypt/layer.js";
import { parseDigest } from "../../src/oci/digest.js";
import { payloadOf } from "../support/runtime/decoder.js";
import { type Measurement, measure } from "./measure.js";

/** An encrypted layer as containerd hands it to a stream processor. */
export interface SealedFile {
  readonly layer: string;
  readonly payload: string;
  readonly keys: string;
  /** Of its descriptor. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Encrypts into a file, with the payload that opens it; its key goes into `keys`, which has to be there. */
export async function sealedLayer(
  directory: string,
  name: string,
  plain: { readonly bytes: AsyncIterable<Uint8Array>; readonly size: number },
): Promise<SealedFile> {
  const { bytes, size } = plain;
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const value = pair.publicKey.export({ type: "spki", format: "pem" });
  await writeFile(join(directory, "keys", `${name}.pem`), pair.privateKey.export({ type: "pkcs8", format: "pem" }));
  const wrap = await loadRecipients([{ scheme: "jwe", value: Buffer.from(value), origin: "bench" }]);
  const hash = createHash("sha256");
  const sealed = sealLayer(defaultCipher, wrap, { bytes: hashing(bytes, hash), size });
  const layer = join(directory, name);
  await pipeline(sealed.bytes, createWriteStream(layer));
  const annotate = await sealed.annotate(parseDigest(`sha256:${hash.digest("hex")}`));
  const annotations = annotate({});
  const descriptor = { mediaType: "application/vnd.oci.image.layer.v1.tar+encrypted", size, annotations };
  const payload = join(directory, `${name}.payload`);
  await writeFile(payload, payloadOf({ DecryptConfig: { Parameters: null }, Descriptor: descriptor }));
  return { layer, payload, keys: join(directory, "keys", `${name}.pem`), annotations };
}

/** Decrypts it through pipes as containerd does: with its payload, or with what is in the content store of a root. */
export function decode(program: string, file: SealedFile, contentRoot?: string): Promise<Measurement> {
  const { layer, payload, keys } = file;
  const source = contentRoot === undefined ? '3<"$1"' : '--content-root "$1"';
  const script = `cat "$2" | "$0" --decryption-keys-path "$3" ${source} | cat >/dev/null`;
  return measure("bash", ["-o", "pipefail", "-c", script, program, contentRoot ?? payload, layer, keys]);
}

async function* hashing(
  bytes: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}
