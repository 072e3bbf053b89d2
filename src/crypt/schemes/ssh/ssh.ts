import { OciEncError } from "../../../errors.js";
import { holdsKey, readPrivateKeys } from "../../../keys/key-file.js";
import {
  isSshPrivateKey,
  readSshPrivateKey,
  type SshPrivateKey,
  sshPrivateKey,
} from "../../../keys/ssh/private-key.js";
import { readSshPublicKeys, type SshPublicKey } from "../../../keys/ssh/public-key.js";
import type {
  DecryptionKey,
  EncryptionKey,
  KeyWrapper,
  KnownRecipient,
  Unwrapper,
  Wrap,
  WrapperOptions,
} from "../../key-wrapper.js";
import { describePacket, openWithAge, sealForAge } from "../age/packet.js";
import { shortTag, sshIdentity, sshRecipient } from "./stanzas.js";

/** Keys of OpenSSH, ssh-ed25519 and ssh-rsa, as recipients of age files: what `age -r "ssh-ed25519 …"` writes. */
export const ssh: KeyWrapper = {
  scheme: "ssh",
  wrapFor,
  unwrapWith,
  recipients: (wrapped) => describePacket(wrapped, "ssh"),
  identify,
};

async function wrapFor(keys: readonly EncryptionKey[], { anonymous }: WrapperOptions = {}): Promise<Wrap> {
  if (anonymous) {
    throw new OciEncError("UNSUPPORTED", "what is wrapped for an SSH key always names it", {
      hint: "leave out --anonymous, or encrypt for a recipient of another scheme, such as age:",
    });
  }
  const distinct = new Map(keys.flatMap((file) => readSshPublicKeys(file)).map((key) => [key.fingerprint, key]));
  return (secret) => Promise.all([...distinct.values()].map((key) => sealForAge(secret, sshRecipient(key))));
}

async function identify(keys: readonly EncryptionKey[]): Promise<readonly KnownRecipient[]> {
  return keys.flatMap((file) => readSshPublicKeys(file).map((key) => known(key, file)));
}

function known(key: SshPublicKey, file: EncryptionKey): KnownRecipient {
  return {
    scheme: "ssh",
    id: shortTag(key),
    thumbprint: key.fingerprint,
    aliases: [key.fingerprint],
    key: { ...file, value: Buffer.from(key.text), isFile: false },
  };
}

async function unwrapWith(keys: readonly DecryptionKey[]): Promise<Unwrapper | undefined> {
  const read = await Promise.all(keys.map(async (file) => ({ file, found: await readKeys(file) })));
  const own = read.filter(({ file, found }) => file.scheme === "ssh" || found.length > 0);
  const identities = own.flatMap(({ found }) => found.map(sshIdentity));
  const used = own.map(({ file }) => file);
  return used.length === 0 ? undefined : { used, unwrap: ({ bytes }) => openWithAge(bytes, identities) };
}

/** OpenSSH takes keys in PEM form as well. */
async function readKeys(file: DecryptionKey): Promise<readonly SshPrivateKey[]> {
  if (file.scheme === "ssh" || isSshPrivateKey(file.value)) {
    if (isSshPrivateKey(file.value) || !holdsKey(file.value)) return [await readSshPrivateKey(file)];
  }
  if (!holdsKey(file.value)) return [];
  const read = readPrivateKeys(file, { purpose: "decrypt", accept: ({ key }) => sshPrivateKey(key) });
  return read.filter((key) => key !== undefined);
}
