import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

/** Reads the 32 bytes that this provider wraps with. A real one would leave them in an HSM or a key management service. */
export function readKey(path) {
  const key = readFileSync(path);
  if (key.length !== 32) throw new Error(`${path} is ${key.length} bytes long, expected 32`);
  return key;
}

/**
 * Answers one request of ocicrypt's key provider protocol: the same JSON for a command and for a service.
 * `optsdata` is what a layer's recipients may know; `annotation` is what is stored with the layer, in any form you like.
 */
export function answer(request, key) {
  const { op, keywrapparams, keyunwrapparams } = JSON.parse(request);
  switch (op) {
    case "keywrap": {
      const annotation = wrap(Buffer.from(keywrapparams.optsdata, "base64"), key);
      return JSON.stringify({ keywrapresults: { annotation: annotation.toString("base64") } });
    }
    case "keyunwrap": {
      const optsdata = unwrap(Buffer.from(keyunwrapparams.annotation, "base64"), key);
      return JSON.stringify({ keyunwrapresults: { optsdata: optsdata.toString("base64") } });
    }
    default:
      throw new Error(`an operation that is not known: ${JSON.stringify(op)}`);
  }
}

/** AES-256-GCM with a fresh nonce. The `kid` is shown by `oci-enc layerinfo`. */
function wrap(secret, key) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const data = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  const packet = { kid: "example", alg: "A256GCM", iv: nonce.toString("base64"), data: data.toString("base64") };
  return Buffer.from(JSON.stringify(packet));
}

function unwrap(packet, key) {
  const { iv, data } = JSON.parse(packet);
  const bytes = Buffer.from(data, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(iv, "base64"), { authTagLength: 16 });
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
}
