import { der } from "../../../../src/keys/x509/der.js";
import { nameOf, sharedName } from "../draft-chain.js";
import { alternativeNames, general, ids, nameConstraints } from "../draft-extensions.js";
import { encodeName, text } from "../handmade-certificate.js";
import {
  all,
  anyAuthority,
  type ChainFault,
  drop,
  leaf,
  put,
  refusedByBoth,
  refusedHere,
  type Spoil,
  set,
} from "./spoil.js";

const unknown = "1.3.6.1.4.1.99999.7";
const emailAddress = "1.2.840.113549.1.9.1";
const strangers = general.directory(encodeName(["2.5.4.10", "Somebody else"]));
const constrain = (...given: Parameters<typeof nameConstraints>): Spoil => anyAuthority(put(nameConstraints(...given)));
const named = (...names: readonly Uint8Array[]): Spoil => leaf(put(alternativeNames(...names)));
const called = (subject: Uint8Array): Spoil => leaf(set({ subject }));

/** Name constraints, section 4.2.1.10. */
export const nameFaults: readonly ChainFault[] = [
  refusedByBoth("a directory name that is not permitted", /directoryName is not among/, constrain([strangers], [])),
  refusedByBoth(
    "a directory name that is excluded",
    /directoryName is among/,
    constrain([], [general.directory(sharedName)]),
  ),
  refusedByBoth(
    "a directory name that is excluded in other letters",
    /directoryName is among/,
    constrain(
      [],
      [general.directory(encodeName(["2.5.4.6", "xx", text.universal], ["2.5.4.8", " state  ", text.teletex]))],
    ),
  ),
  refusedByBoth(
    "another directory name that is not permitted",
    /directoryName is not among/,
    all(constrain([general.directory(sharedName)], []), named(strangers)),
  ),
  refusedByBoth(
    "a host that is not permitted",
    /dNSName is not among/,
    all(constrain([general.host("example.org")], []), named(general.host("notexample.org"))),
  ),
  refusedByBoth(
    "a host that is excluded",
    /dNSName is among/,
    all(constrain([], [general.host("EXAMPLE.org")]), named(general.host("a.example.ORG"))),
  ),
  refusedByBoth(
    "a host in the common name that is not permitted",
    /dNSName is not among/,
    all(
      constrain([general.host("example.org")], []),
      all(called(nameOf("www.example.net")), leaf(drop(ids.alternativeNames))),
    ),
  ),
  refusedHere(
    "a wildcard under constraints for hosts",
    /cannot be compared/,
    all(constrain([general.host("example.org")], []), named(general.host("*.example.org"))),
  ),
  refusedByBoth(
    "a mailbox that is not permitted",
    /rfc822Name is not among/,
    all(constrain([general.mail("example.org")], []), named(general.mail("a@sub.example.org"))),
  ),
  refusedByBoth(
    "a mailbox that is excluded",
    /rfc822Name is among/,
    all(constrain([], [general.mail("root@example.org")]), named(general.mail("root@EXAMPLE.org"))),
  ),
  refusedByBoth(
    "a mailbox in the subject that is not permitted",
    /rfc822Name is not among/,
    all(
      constrain([general.mail(".example.org")], []),
      called(nameOf("Release", [emailAddress, "a@example.org", text.ia5])),
    ),
  ),
  refusedByBoth(
    "a mail address of a type that has no rule",
    /not an IA5String/,
    all(constrain([general.mail("example.org")], []), called(nameOf("Release", [emailAddress, "a@example.org"]))),
  ),
  refusedByBoth(
    "what is no mail address under constraints for them",
    /cannot be compared/,
    all(constrain([general.mail("example.org")], []), named(general.mail("nobody"))),
  ),
  refusedByBoth(
    "an international mail address under constraints",
    /cannot be compared/,
    all(constrain([general.mail("example.org")], []), named(general.other("1.3.6.1.5.5.7.8.9", "a@example.net"))),
  ),
  refusedHere("constraints for URIs", /for URI/, constrain([general.uri("example.org")], [])),
  refusedHere(
    "constraints for addresses",
    /for iPAddress/,
    constrain([], [general.address(10, 0, 0, 0, 255, 0, 0, 0)]),
  ),
  refusedHere("constraints for other names", /for otherName/, constrain([general.other(unknown, "x")], [])),
  refusedByBoth(
    "constraints of a form that nobody knows, and a name of it",
    /for otherName/,
    all(constrain([general.other(unknown, "x")], []), named(general.other(unknown, "x"))),
  ),
  refusedByBoth(
    "constraints with a maximum",
    /minimum or maximum/,
    constrain([general.directory(sharedName)], [], [der(0x81, Buffer.of(3))]),
  ),
  refusedHere("constraints that say nothing", /malformed name constraints/, constrain([], [])),
  refusedHere(
    "a leaf with name constraints",
    /leaf .* with name constraints/,
    leaf(put(nameConstraints([general.directory(sharedName)], []))),
  ),
  refusedHere(
    "constraints for hosts that are no hosts",
    /cannot be compared/,
    all(constrain([], [general.host("*.example.org")]), named(general.host("example.net"))),
  ),
];
