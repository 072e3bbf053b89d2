import { der, derObjectIdentifier, tags } from "../../../../src/keys/x509/der.js";
import { general, ids, issuerKey, revocationLists, subjectKey } from "../draft-extensions.js";
import {
  again,
  any,
  anyAuthority,
  anyIssued,
  type ChainFault,
  type Change,
  leaf,
  mark,
  odd,
  put,
  refusedByBoth,
  refusedHere,
} from "./spoil.js";

const unknown = "1.3.6.1.4.1.99999.7";
/** Extensions, RFC 5280 section 4.2. */
export const extensionFaults: readonly ChainFault[] = [
  refusedByBoth(
    "a critical extension that nobody knows",
    /critical extension/,
    any(odd(unknown, true, der(tags.null))),
  ),
  refusedByBoth(
    "a critical issuer alternative name",
    /critical extension/,
    any(odd("2.5.29.18", true, der(tags.sequence, general.host("a.b")))),
  ),
  refusedByBoth(
    "a critical authority key identifier",
    /critical extension/,
    anyIssued(put(issuerKey(Buffer.alloc(20))), mark(ids.issuerKey, true)),
  ),
  refusedByBoth(
    "a critical subject key identifier",
    /critical extension/,
    any(put(subjectKey(Buffer.alloc(20))), mark(ids.subjectKey, true)),
  ),
  refusedHere(
    "a critical address of revocation lists",
    /critical extension/,
    any(put({ ...revocationLists("http://a.example/"), critical: true })),
  ),
  refusedByBoth("an extension twice", /twice/, any(again(ids.keyUsage))),
  refusedHere("an unknown extension twice", /twice/, any(odd(unknown, false, der(tags.null)), again(unknown))),
  refusedByBoth(
    "the rights of a proxy",
    /rights of a proxy/,
    leaf(
      odd(
        "1.3.6.1.5.5.7.1.14",
        false,
        der(tags.sequence, der(tags.sequence, derObjectIdentifier("1.3.6.1.5.5.7.21.1"))),
      ),
    ),
  ),
  refusedByBoth(
    "a block of addresses that no authority has",
    /blocks of addresses/,
    leaf(
      odd(
        "1.3.6.1.5.5.7.1.7",
        false,
        der(
          tags.sequence,
          der(tags.sequence, der(4, Buffer.of(0, 1)), der(tags.sequence, der(tags.bitString, Buffer.of(0, 10)))),
        ),
      ),
    ),
  ),
  refusedByBoth(
    "a number of a network that no authority has",
    /autonomous systems/,
    leaf(
      odd(
        "1.3.6.1.5.5.7.1.8",
        false,
        der(tags.sequence, der(0xa0, der(tags.sequence, der(tags.integer, Buffer.of(5))))),
      ),
    ),
  ),
  refusedByBoth(
    "malformed addresses of revocation lists",
    /encoded structure/,
    any(odd(ids.revocationLists, false, Buffer.of(0x30, 5))),
  ),
  refusedByBoth("a malformed key usage", /encoded structure/, any(truncated(ids.keyUsage))),
  refusedByBoth(
    "malformed purposes",
    /encoded structure/,
    any(odd(ids.extendedKeyUsage, false, Buffer.of(0x30, 3, 1, 1))),
  ),
  refusedByBoth(
    "malformed alternative names",
    /encoded structure/,
    any(odd(ids.alternativeNames, false, Buffer.of(0x30, 3, 0x82, 9, 9))),
  ),
  refusedByBoth(
    "malformed name constraints",
    /encoded structure/,
    anyAuthority(odd(ids.nameConstraints, true, Buffer.of(0x30, 3, 0xa0, 9, 9))),
  ),
  refusedByBoth(
    "malformed policies",
    /encoded structure/,
    anyIssued(odd(ids.policies, false, Buffer.of(0x30, 3, 0x30, 9, 9))),
  ),
  refusedByBoth(
    "a malformed subject key identifier",
    /encoded structure/,
    any(odd(ids.subjectKey, false, Buffer.of(4, 9, 9))),
  ),
  refusedByBoth(
    "a malformed authority key identifier",
    /encoded structure/,
    anyIssued(odd(ids.issuerKey, false, Buffer.of(0x30, 9, 9))),
  ),
];

function truncated(id: string): Change {
  return (draft) => {
    for (const extension of draft.extensions) {
      if (extension.id === id) extension.value = extension.value.subarray(0, -1);
    }
  };
}
