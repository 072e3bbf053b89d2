import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { KeyWrapper, RecipientInfo } from "../../../src/crypt/key-wrapper.js";
import { OciEncError } from "../../../src/errors.js";
import type { KeyDescription } from "../../../src/keys/key-description.js";

/** Wraps with AES-256-GCM under a hash of the secret. A wrapped key is JSON with the name of its recipient. */
export const toy: KeyWrapper = {
  scheme: "toy",

  async wrapFor(keys, { anonymous = false } = {}) {
    const recipients = keys.map(parse);
    return async (secret) =>
      recipients.map(({ name, key }) => {
        const nonce = randomBytes(12);
        const cipher = createCipheriv("aes-256-gcm", key, nonce);
        const data = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
        const members = { name: anonymous ? "" : name, nonce: nonce.toString("base64"), data: data.toString("base64") };
        return { suffix: "toy", bytes: Buffer.from(JSON.stringify(members)) };
      });
  },

  async unwrapWith(keys) {
    const used = keys.filter(({ scheme }) => scheme === "toy");
    const own = used.map(parse);
    if (own.length === 0) return undefined;
    return {
      used,
      async unwrap({ bytes }) {
        const wrapped = read(bytes);
        for (const { name, key } of own) {
          if (wrapped.name !== "" && wrapped.name !== name) continue;
          try {
            const decipher = createDecipheriv("aes-256-gcm", key, wrapped.nonce, { authTagLength: 16 });
            decipher.setAuthTag(wrapped.data.subarray(-16));
            return Buffer.concat([decipher.update(wrapped.data.subarray(0, -16)), decipher.final()]);
          } catch {
            if (wrapped.name !== "") throw new OciEncError("CORRUPT", "the toy wrapped key does not open");
          }
        }
        return undefined;
      },
    };
  },

  recipients({ bytes }): readonly RecipientInfo[] {
    try {
      const { name } = read(bytes);
      return [{ kind: "recipient", scheme: "toy", algorithm: "TOY", id: name, label: `TOY ${name}` }];
    } catch {
      return [{ kind: "unreadable", scheme: "toy", algorithm: "", id: "", label: "a damaged toy" }];
    }
  },

  async identify(keys) {
    return keys.map((key) => {
      const { name, key: bytes } = parse(key);
      const thumbprint = createHash("sha256").update(bytes).digest("hex");
      return { scheme: "toy", id: name, thumbprint, aliases: [], key };
    });
  },
};

/** Undefined: it is not of this form. */
export async function describeToyKey(file: { readonly value: Uint8Array }): Promise<KeyDescription[] | undefined> {
  const name = form.exec(Buffer.from(file.value).toString())?.[1];
  return name === undefined
    ? undefined
    : [{ kind: "toy", algorithm: "TOY", fingerprint: "", protected: false, details: [["name", name]] }];
}

const form = /^([a-z]+)\.(\S{8,})$/;

function parse({ value, origin }: { readonly value: Uint8Array; readonly origin: string }) {
  const [, name, secret] = form.exec(Buffer.from(value).toString()) ?? [];
  if (name === undefined || secret === undefined) {
    throw new OciEncError("KEY_INVALID", `${JSON.stringify(origin)} is not NAME.SECRET`);
  }
  return { name, key: createHash("sha256").update(secret).digest() };
}

function read(bytes: Uint8Array) {
  try {
    const { name, nonce, data } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof name !== "string" || typeof nonce !== "string" || typeof data !== "string") throw new Error("members");
    return { name, nonce: Buffer.from(nonce, "base64"), data: Buffer.from(data, "base64") };
  } catch {
    throw new OciEncError("CORRUPT", "the toy wrapped key is malformed");
  }
}
