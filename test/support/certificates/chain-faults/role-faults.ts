import { der, tags } from "../../../../src/keys/x509/der.js";
import { authority, extendedKeyUsage, ids, keyUsage, purposes, subjectKey, uses } from "../draft-extensions.js";
import {
  any,
  anyAuthority,
  type ChainFault,
  drop,
  leaf,
  mark,
  odd,
  put,
  refusedByBoth,
  refusedHere,
  root,
} from "./spoil.js";

/** Authorities, sections 4.2.1.3, 4.2.1.9 and 4.2.1.12. The leaf, `signing-and-policy.md` 2.4. */
export const roleFaults: readonly ChainFault[] = [
  // Authorities, sections 4.2.1.3, 4.2.1.9 and 4.2.1.12.
  refusedByBoth(
    "an authority without basic constraints",
    /does not say critically/,
    anyAuthority(drop(ids.basicConstraints)),
  ),
  refusedByBoth(
    "basic constraints that are not critical",
    /does not say critically/,
    anyAuthority(mark(ids.basicConstraints, false)),
  ),
  refusedByBoth(
    "an authority that says it is none",
    /does not say critically/,
    anyAuthority(odd(ids.basicConstraints, true, der(tags.sequence))),
  ),
  refusedByBoth("a path that is too long", /longer than/, root(put(authority(0))), 3),
  refusedByBoth("an authority without key usage", /key usage is not critical/, anyAuthority(drop(ids.keyUsage))),
  refusedByBoth(
    "an authority that may not issue",
    /key usage is not critical/,
    anyAuthority(put(keyUsage(uses.cRLSign))),
  ),
  refusedHere("a key usage that is not critical", /key usage/, any(mark(ids.keyUsage, false))),
  refusedHere(
    "an authority for other purposes",
    /authority for other purposes/,
    anyAuthority(put(extendedKeyUsage(purposes.serverAuth))),
  ),
  // The leaf, `signing-and-policy.md` 2.4.
  refusedByBoth(
    "a leaf with a path length",
    /path length/,
    leaf(odd(ids.basicConstraints, true, der(tags.sequence, der(tags.integer, Buffer.of(0))))),
  ),
  refusedHere(
    "a leaf that is an authority",
    /as its leaf/,
    leaf(
      put(authority()),
      put(keyUsage(uses.digitalSignature | uses.keyCertSign)),
      put(subjectKey(Buffer.alloc(20, 1))),
    ),
  ),
  refusedByBoth("a leaf that may issue", /keyCertSign/, leaf(put(keyUsage(uses.digitalSignature | uses.keyCertSign)))),
  refusedHere("a leaf without key usage", /without a critical key usage/, leaf(drop(ids.keyUsage))),
  refusedHere("a leaf that may not sign", /without digitalSignature/, leaf(put(keyUsage(0x40)))),
  refusedHere(
    "a leaf that may encipher keys",
    /key usage keyEncipherment/,
    leaf(put(keyUsage(uses.digitalSignature | uses.keyEncipherment))),
  ),
  refusedHere(
    "a leaf for a server",
    /purpose serverAuth/,
    leaf(put(extendedKeyUsage(purposes.codeSigning, purposes.serverAuth))),
  ),
  refusedHere("a leaf for any purpose", /purpose any/, leaf(put(extendedKeyUsage(purposes.any)))),
  refusedHere(
    "a leaf for a purpose of somebody's own alone",
    /other purposes/,
    leaf(put(extendedKeyUsage(purposes.own))),
  ),
];
