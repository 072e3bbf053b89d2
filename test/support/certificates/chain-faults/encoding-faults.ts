import { der, derObjectIdentifier, tags } from "../../../../src/keys/x509/der.js";
import { policy } from "../draft-chain.js";
import { alternativeNames, general, ids } from "../draft-extensions.js";
import { anyIssued, type ChainFault, leaf, odd, put, refusedByBoth, type Spoil } from "./spoil.js";

const strangeBits = der(tags.bitString, Buffer.of(0x58, 0x58));
const strange = derObjectIdentifier("1.3.6.1.4.1.99999.3");
const named = (name: Uint8Array): Spoil => leaf(put(alternativeNames(name)));

/** A certificate for the policy, with one qualifier. */
function qualified(...qualifier: readonly Uint8Array[]): Spoil {
  const qualifiers = der(tags.sequence, der(tags.sequence, ...qualifier));
  const information = der(tags.sequence, derObjectIdentifier(policy), qualifiers);
  return anyIssued(odd(ids.policies, false, der(tags.sequence, information)));
}

const practiceStatement = derObjectIdentifier("1.3.6.1.5.5.7.2.1");
const userNotice = derObjectIdentifier("1.3.6.1.5.5.7.2.2");

/** Malformed values where nothing looks at the value otherwise. */
export const encodingFaults: readonly ChainFault[] = [
  refusedByBoth(
    "a malformed bit string in a name",
    /malformed bit string/,
    named(
      general.directory(
        der(tags.sequence, der(tags.set, der(tags.sequence, derObjectIdentifier("2.5.4.11"), strangeBits))),
      ),
    ),
  ),
  refusedByBoth(
    "another name of a malformed value",
    /malformed bit string/,
    named(der(0xa0, strange, der(0xa0, strangeBits))),
  ),
  refusedByBoth(
    "another name of a number that is not the shortest",
    /not the shortest/,
    named(der(0xa0, strange, der(0xa0, der(tags.integer, Buffer.of(0, 1))))),
  ),
  refusedByBoth(
    "a practice statement that is no address",
    /has tag/,
    qualified(practiceStatement, der(0x0c, Buffer.from("https://a.example/"))),
  ),
  refusedByBoth(
    "a notice for users with a text of a strange type",
    /text of a strange type/,
    qualified(userNotice, der(tags.sequence, der(0x13, Buffer.from("text")))),
  ),
  refusedByBoth(
    "a qualifier of a malformed value",
    /null that is not empty/,
    qualified(strange, der(tags.null, strange)),
  ),
];
