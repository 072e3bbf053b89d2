import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { copy } from "../../../src/copy/copy.js";
import type { DecryptionKey, EncryptionKey, SchemeSettings } from "../../../src/crypt/key-wrapper.js";
import { listRecipients } from "../../../src/crypt/recipients.js";
import { canDecrypt } from "../../../src/operations/can-decrypt.js";
import { encryptLayers } from "../../../src/transform/encrypt.js";
import type { LayerTransform } from "../../../src/transform/layer-transform.js";
import { addRecipients, removeRecipients, setRecipients } from "../../../src/transform/recipients.js";
import { rekeyLayers } from "../../../src/transform/rekey.js";
import { addImage, MemoryPlace } from "../../support/images/memory-image.js";
import { keyFile, keyWord, makeCertificate, recipientFile, recipientWord } from "../../support/keys/key-material.js";
import { rsaPair } from "../../support/keys/key-pair.js";
import { configureProviders } from "../../support/keys/key-provider.js";
import { person } from "../../support/keys/people.js";
import { systemPeer } from "../../support/process/peer.js";
import { scratchDirectory } from "../../support/scratch.js";

const skip = systemPeer("openssl").missing;
const scratch = scratchDirectory();

/** Somebody who can be sealed for in one scheme, and how they open. */
interface Member {
  readonly encryption: EncryptionKey;
  readonly keys: readonly DecryptionKey[];
  readonly settings: SchemeSettings;
}

const nobodysProviders = { environment: { ...process.env, OCICRYPT_KEYPROVIDER_CONFIG: undefined } };

function members(): ReadonlyMap<string, Member> {
  const vectors = (vector: string, name: string) => join(process.cwd(), "test", "vectors", vector, "keys", name);
  const certificates = ["vera", "viktor"].map((name) => makeCertificate(scratch, name));
  const providers = configureProviders(scratch);
  const token = rsaPair(2048, "token");
  const exported = (type: "spki" | "pkcs8") =>
    Buffer.from((type === "spki" ? token.publicKey : token.privateKey).export({ type, format: "pem" }));
  const plain = (encryption: EncryptionKey, ...keys: readonly DecryptionKey[]): Member => ({
    encryption,
    keys,
    settings: nobodysProviders,
  });
  return new Map<string, Member>([
    ["alice", plain(person("alice").encryption, person("alice").decryption)],
    ["bob", plain(person("bob").encryption, person("bob").decryption)],
    [
      "paul",
      plain(recipientFile("pgp", vectors("pgp-rsa", "vera.pub.gpg")), keyFile(vectors("pgp-rsa", "vera.sec.gpg"))),
    ],
    [
      "pia",
      plain(
        recipientFile("pgp", vectors("multi-jwe-pgp-pkcs7", "multi.pub.gpg")),
        keyFile(vectors("multi-jwe-pgp-pkcs7", "multi.sec.gpg")),
      ),
    ],
    ...certificates.map(({ certificate, privateKey }, index): [string, Member] => [
      `holder ${index}`,
      plain(recipientFile("pkcs7", certificate), keyFile(privateKey), keyFile(certificate)),
    ]),
    [
      "token",
      plain(
        { scheme: "pkcs11", value: exported("spki"), origin: "token.pub.pem" },
        { scheme: undefined, value: exported("pkcs8"), passphrase: undefined, origin: "token.pem" },
      ),
    ],
    [
      "service",
      {
        encryption: recipientWord("provider", "example"),
        keys: [keyWord("provider", "example")],
        settings: { environment: providers.environment },
      },
    ],
  ]);
}

type Operation = { readonly kind: "add" | "set" | "rekey" | "remove"; readonly whom: readonly string[] };

test("any sequence of add, remove, set and rekey ends with exactly the declared set able to open", {
  skip,
}, async () => {
  const all = members();
  const names = [...all.keys()];
  const someone = fc.subarray(names, { minLength: 1 });
  const operation: fc.Arbitrary<Operation> = fc.record({
    kind: fc.constantFrom("add", "set", "rekey", "remove"),
    whom: someone,
  });
  await fc.assert(
    fc.asyncProperty(someone, fc.array(operation, { minLength: 1, maxLength: 4 }), async (first, operations) => {
      const image = await sealedImage(first, all);
      for (const operation of operations) {
        await image.apply(operation);
        await onlyOpensFor(image.place, image.declared(), all);
      }
    }),
    { numRuns: 15, interruptAfterTimeLimit: 120_000, markInterruptAsFailure: false },
  );
});

/** An image, and who is declared to open it. */
interface Image {
  readonly place: MemoryPlace;
  declared(): ReadonlySet<string>;
  apply(operation: Operation): Promise<void>;
}

async function sealedImage(first: readonly string[], all: ReadonlyMap<string, Member>): Promise<Image> {
  const place = new MemoryPlace();
  const bytes = readFileSync(join(process.cwd(), "package.json"));
  const layers = [{ mediaType: "application/vnd.oci.image.layer.v1.tar", bytes }];
  place.names.set("image", addImage(place, { layers }));
  const settings = all.get("service")?.settings;
  const keysOf = (whom: Iterable<string>) => [...whom].flatMap((name) => all.get(name)?.encryption ?? []);
  const edit = (transform: LayerTransform) => copy(place.source("image"), place.target("image"), { transform });
  await edit(await encryptLayers({ keys: keysOf(first), settings }));
  let declared = new Set(first);
  const remove = async (whom: readonly string[]) => {
    const gone = [...declared].filter((name) => whom.includes(name));
    if (gone.length === 0 || gone.length === declared.size) return;
    await edit(await removeRecipients({ indexes: await indexesOf(place, keysOf(gone)), settings }));
    declared = new Set([...declared].filter((name) => !gone.includes(name)));
  };
  return {
    place,
    declared: () => declared,
    async apply({ kind, whom }) {
      if (kind === "remove") return await remove(whom);
      const open = [...(all.get([...declared][0] ?? "")?.keys ?? [])];
      const keys = keysOf(whom);
      if (kind === "add") await edit(await addRecipients({ open, add: keys, settings }));
      if (kind === "set") await edit(await setRecipients({ open, recipients: keys, settings }));
      if (kind === "rekey") await edit(await rekeyLayers({ open, recipients: keys, settings }));
      declared = new Set(kind === "add" ? [...declared, ...whom] : whom);
    },
  };
}

/** Where these recipients are listed; pkcs11 blobs do not say whose they are, and are all of one holder here. */
async function indexesOf(place: MemoryPlace, keys: readonly EncryptionKey[]): Promise<readonly number[]> {
  const { identifyRecipients } = await import("../../../src/crypt/recipients.js");
  const { isRecipient } = await import("../../../src/crypt/recipient-id.js");
  const [layer] = JSON.parse(place.text(place.names.get("image")?.digest ?? "")).layers;
  const known = await identifyRecipients(keys);
  const listed = await listRecipients(layer.annotations);
  return listed.flatMap(({ info }, index) => {
    const named = known.some((recipient) => isRecipient(info, recipient));
    const silent = info.id === "" && known.some(({ scheme }) => scheme === info.scheme);
    return named || silent ? [index] : [];
  });
}

async function onlyOpensFor(
  place: MemoryPlace,
  declared: ReadonlySet<string>,
  all: ReadonlyMap<string, Member>,
): Promise<void> {
  for (const [name, { keys, settings }] of all) {
    const { decrypts } = await canDecrypt(place.source("image"), { keys, settings });
    assert.equal(decrypts, declared.has(name), `${name} ${declared.has(name) ? "cannot open" : "can open"}`);
  }
}
