import { der, tags } from "../../../../src/keys/x509/der.js";
import { keyNumber, nameOf, sharedName } from "../draft-chain.js";
import { general, ids, issuerKey, subjectKey } from "../draft-extensions.js";
import { algorithms, type CertificateDraft, type DraftKey, draftKey } from "../handmade-certificate.js";
import {
  all,
  anyAuthority,
  anyIssued,
  type ChainFault,
  drop,
  put,
  refusedByBoth,
  refusedHere,
  root,
  type Spoil,
  set,
} from "./spoil.js";

const made = new Map<string, DraftKey>();
const bySha1 = set({ innerAlgorithm: algorithms.ecdsaSha1, outerAlgorithm: algorithms.ecdsaSha1, hash: "sha1" });
/** Keys and signatures. Identifiers of keys, sections 4.2.1.1 and 4.2.1.2. */
export const linkFaults: readonly ChainFault[] = [
  // Keys and signatures.
  refusedHere("a signature with SHA-1", /algorithm that is not accepted/, anyIssued(bySha1)),
  refusedHere("an authority with an RSA key of 1024 bits", /1024 bits/, otherKey(1024)),
  refusedHere("an authority on a curve that does not count", /not on P-256/, otherKey("secp256k1")),
  refusedByBoth("an authority whose curve is spelled out", /not on P-256/, otherKey("P-256", "explicit")),
  refusedByBoth(
    "a signature by another key",
    /did not issue|not a self-signed/,
    anyIssued((draft) =>
      Object.assign(draft, {
        signer: keyNumber(7).privateKey,
        innerAlgorithm: algorithms.ecdsaSha256,
        outerAlgorithm: algorithms.ecdsaSha256,
      }),
    ),
  ),
  refusedHere(
    "a root that another key has signed",
    /not a self-signed root/,
    root((draft) =>
      Object.assign(draft, {
        signer: keyNumber(7).privateKey,
        innerAlgorithm: algorithms.ecdsaSha256,
        outerAlgorithm: algorithms.ecdsaSha256,
      }),
    ),
  ),
  refusedByBoth(
    "another issuer by name",
    /did not issue/,
    anyIssued((draft) => Object.assign(draft, { issuer: nameOf("Nobody") })),
  ),
  refusedByBoth("a root that is not there", /not a self-signed root|did not issue/, (chain) => splice(chain, -1, 1), 3),
  refusedByBoth("an intermediate that is not there", /did not issue/, (chain) => splice(chain, 1, 1), 3),
  refusedHere("the wrong order", /did not issue/, (chain) => splice(chain, 1, 2, ...chain.slice(1, 3).reverse()), 4),
  refusedHere("an authority twice", /twice|did not issue/, (chain) => splice(chain, 1, 0, ...chain.slice(1, 2)), 3),
  // Identifiers of keys, sections 4.2.1.1 and 4.2.1.2.
  refusedByBoth(
    "an authority key identifier of another key",
    /authority key identifier is not that/,
    all(identify, anyIssued(put(issuerKey(Buffer.alloc(20, 7))))),
  ),
  refusedByBoth(
    "an authority key identifier that is not there",
    /without an authority key identifier/,
    all(identify, anyIssued(drop(ids.issuerKey))),
  ),
  refusedByBoth(
    "a subject key identifier that is not there",
    /without a subject key identifier/,
    all(identify, anyAuthority(drop(ids.subjectKey))),
  ),
  refusedByBoth(
    "an authority key identifier with another serial number",
    /authority key identifier is not that/,
    anyIssued(
      put({
        id: ids.issuerKey,
        critical: false,
        value: der(tags.sequence, der(0xa1, general.directory(sharedName)), der(0x82, Buffer.of(99))),
      }),
    ),
  ),
];

/** An authority has a key of that kind, and what it has issued is signed with it. */
function otherKey(kind: string | number, encoding?: "explicit"): Spoil {
  const name = `${kind} ${encoding}`;
  return (chain, pick) => {
    const key = made.get(name) ?? draftKey(kind, encoding);
    made.set(name, key);
    rekey(chain, 1 + (pick % (chain.length - 1)), key);
  };
}

function rekey(chain: CertificateDraft[], index: number, key: DraftKey): void {
  const isRoot = index === chain.length - 1;
  const algorithm = key.privateKey.asymmetricKeyType === "rsa" ? algorithms.rsaSha256 : algorithms.ecdsaSha256;
  for (const draft of chain.slice(index, index + 1)) draft.publicKeyInfo = key.publicKeyInfo;
  for (const draft of chain.slice(index - 1, isRoot ? undefined : index)) {
    Object.assign(draft, { signer: key.privateKey, innerAlgorithm: algorithm, outerAlgorithm: algorithm });
  }
}

/** Identifiers of keys for all, whatever the plan says. */
function identify(chain: CertificateDraft[]): void {
  for (const [index, draft] of chain.entries()) {
    put(subjectKey(Buffer.of(1, index)))(draft);
    put(issuerKey(Buffer.of(1, Math.min(index + 1, chain.length - 1))))(draft);
  }
}

function splice(chain: CertificateDraft[], at: number, count: number, ...drafts: readonly CertificateDraft[]): void {
  chain.splice(at, count, ...drafts);
}
