import assert from "node:assert/strict";
import { test } from "node:test";
import { parseImageName } from "../../../../src/oci/image-name.js";
import { parseTrustPolicy, selectStatement, type TrustPolicy } from "../../../../src/sign/notary/trust/trust-policy.js";
import { expectedError } from "../../../support/expected-error.js";

const subject = "x509.subject: C=XX, ST=Test, O=oci-enc test";

function statement(members: object = {}): object {
  return {
    name: "all",
    registryScopes: ["*"],
    signatureVerification: { level: "strict" },
    trustStores: ["ca:roots"],
    trustedIdentities: [subject],
    ...members,
  };
}

function skipping(members: object = {}): object {
  const rest = { trustStores: undefined, trustedIdentities: undefined };
  return statement({ ...rest, registryScopes: ["a.example/b"], signatureVerification: { level: "skip" }, ...members });
}

function policy(...statements: readonly object[]): TrustPolicy {
  return parse({ version: "1.0", trustPolicies: statements });
}

function parse(document: unknown): TrustPolicy {
  return parseTrustPolicy(Buffer.from(typeof document === "string" ? document : JSON.stringify(document)), "policy");
}

function scoped(...registryScopes: readonly string[]): object {
  return statement({ name: registryScopes.join(), registryScopes });
}

function verification(signatureVerification: object): object {
  return statement({ signatureVerification });
}

function overridden(override: object): object {
  return verification({ level: "strict", override });
}

function identified(...values: readonly string[]): object {
  return statement({ trustedIdentities: values });
}

const invalid: readonly (readonly [string, () => unknown, RegExp])[] = [
  ["another version", () => parse({ version: "2.0", trustPolicies: [statement()] }), /version/],
  ["no version", () => parse({ trustPolicies: [statement()] }), /version/],
  ["no statement", () => policy(), /no statement/],
  [
    "a member that is not known",
    () => parse({ version: "1.0", trustPolicies: [statement()], x: 1 }),
    /the document has a member that is not known here \(number 3 of 3\)/,
  ],
  [
    "a member of a statement that is not known",
    () => policy(statement({ x: 1 })),
    /statement 1 has a member that is not known here/,
  ],
  ["no name", () => policy(statement({ name: undefined })), /name/],
  ["an empty name", () => policy(statement({ name: "" })), /empty name/],
  [
    "one name twice",
    () => policy(scoped("a.example/b"), { ...scoped("a.example/c"), name: "a.example/b" }),
    /a name twice/,
  ],
  ["no scopes", () => policy(statement({ registryScopes: undefined })), /no scope/],
  ["an empty list of scopes", () => policy(statement({ registryScopes: [] })), /no scope/],
  ["* beside other scopes", () => policy(scoped("*", "a.example/b")), /beside/],
  ["* in two statements", () => policy(scoped("*"), { ...scoped("*"), name: "b" }), /a scope twice/],
  [
    "one scope in two statements",
    () => policy(scoped("a.example/b"), { ...scoped("a.example/b"), name: "b" }),
    /a scope twice/,
  ],
  ["one scope twice in a statement", () => policy(scoped("a.example/b", "a.example/b")), /a scope twice/],
  ...[
    "a.example/b:1",
    "a.example/b@sha256:00",
    "a.example/*",
    "a.example",
    "a.example/",
    "https://a.example/b",
    "a.example/B",
    "",
    " a.example/b",
  ].map((scope): [string, () => unknown, RegExp] => [
    `the scope ${JSON.stringify(scope)}`,
    () => policy(statement({ registryScopes: [scope] })),
    /not a repository with its host/,
  ]),
  ["no verification", () => policy(statement({ signatureVerification: undefined })), /signatureVerification/],
  ["no level", () => policy(verification({})), /level/],
  ["a level that is not known", () => policy(verification({ level: "Strict" })), /a level other than/],
  [
    "a member of the verification that is not known",
    () => policy(verification({ level: "strict", x: 1 })),
    /"signatureVerification" of statement 1 has a member/,
  ],
  ["an override of integrity", () => policy(overridden({ integrity: "log" })), /overrides something other than/],
  [
    "an override of something unknown",
    () => policy(overridden({ expiration: "log" })),
    /overrides something other than/,
  ],
  ["an override with an unknown action", () => policy(overridden({ expiry: "warn" })), /overrides expiry with/],
  ["authenticity skipped", () => policy(overridden({ authenticity: "skip" })), /overrides authenticity with/],
  [
    "the timestamp skipped",
    () => policy(overridden({ authenticTimestamp: "skip" })),
    /overrides authenticTimestamp with/,
  ],
  ["expiry skipped", () => policy(overridden({ expiry: "skip" })), /overrides expiry with/],
  [
    "a timestamp rule that is not known",
    () => policy(verification({ level: "strict", verifyTimestamp: "never" })),
    /neither always nor afterCertExpiry/,
  ],
  ["everything skipped", () => policy(skipping({ registryScopes: ["*"] })), /skips everything/],
  [
    "skip with an override",
    () => policy(skipping({ signatureVerification: { level: "skip", override: { expiry: "log" } } })),
    /overrides/,
  ],
  ["skip with trust stores", () => policy(skipping({ trustStores: ["ca:roots"] })), /skips, and/],
  ["skip with identities", () => policy(skipping({ trustedIdentities: ["*"] })), /skips, and/],
  ["no trust stores", () => policy(statement({ trustStores: [] })), /lacks/],
  ["no identities", () => policy(statement({ trustedIdentities: undefined })), /lacks/],
  ...["roots", "ca:", "ca:..", "ca:.", "ca:a/b", "CA:roots", "x:roots", "ca:roots,tsa:t", "ca:rööts"].map(
    (store): [string, () => unknown, RegExp] => [
      `the trust store ${JSON.stringify(store)}`,
      () => policy(statement({ trustStores: [store] })),
      /is not ca:NAME/,
    ],
  ),
  ["the identity * beside another", () => policy(identified("*", subject)), /beside/],
  ["one identity twice", () => policy(identified(subject, subject)), /implies/],
  ["an identity that another one implies", () => policy(identified(subject, `${subject}, CN=a`)), /implies/],
  [
    "an identity that implies another one",
    () => policy(identified(`${subject}, OU=x, CN=a`, `${subject}, CN=a`)),
    /implies/,
  ],
  [
    "identities that are the same but for escapes",
    () => policy(identified("x509.subject: C=a, ST=b, O=c\\,d", "x509.subject:O=c\\2cd,ST=b,C=a")),
    /implies/,
  ],
  ["an identity without a colon", () => policy(identified("CN=a")), /x509.subject/],
  ["an empty identity", () => policy(identified("")), /x509.subject/],
  ["an identity without attributes", () => policy(identified("x509.subject:")), /malformed/],
];

for (const [what, attempt, reason] of invalid) {
  test(`a trust policy with ${what} is not valid as a whole`, () => {
    assert.throws(attempt, expectedError("CORRUPT", reason));
  });
}

const abuses: readonly (readonly [string, string, RegExp])[] = [
  ["a member twice", '{"version":"1.0","version":"1.0"}', /twice/],
  ["a byte order mark", `\uFEFF${JSON.stringify({ version: "1.0", trustPolicies: [statement()] })}`, /JSON/],
  ["nesting 10 000 deep", "[".repeat(10_000), /nested/],
];

for (const [what, text, reason] of abuses) {
  test(`abuse: a trust policy with ${what} is not valid as a whole`, () => {
    assert.throws(() => parse(text), expectedError("CORRUPT", reason));
  });
}

test("identities that only overlap are allowed in one statement", () => {
  policy(identified(`${subject}, CN=a`, `${subject}, CN=b`, `${subject}, OU=c`));
});

test("an identity for a plugin is allowed, and is not a wildcard", () => {
  const [one] = policy(identified("com.example:anyone", subject)).statements;
  assert.equal(one?.level === "verify" && one.identities?.length, 1);
});

test("the levels enforce and log what the table says", () => {
  const actionsOf = (level: string): unknown => {
    const [one] = policy(verification({ level })).statements;
    return one?.level === "verify" && one.actions;
  };
  const enforce = "enforce";
  const log = "log";
  assert.deepEqual(actionsOf("strict"), {
    authenticity: enforce,
    expiry: enforce,
    authenticTimestamp: enforce,
    revocation: enforce,
  });
  assert.deepEqual(actionsOf("permissive"), {
    authenticity: enforce,
    expiry: log,
    authenticTimestamp: log,
    revocation: log,
  });
  assert.deepEqual(actionsOf("audit"), { authenticity: log, expiry: log, authenticTimestamp: log, revocation: log });
});

test("an override changes what it names, to more or to less", () => {
  const override = { expiry: "enforce", authenticity: "enforce", authenticTimestamp: "enforce", revocation: "skip" };
  const [one] = policy(verification({ level: "audit", override })).statements;
  assert.deepEqual(one?.level === "verify" && one.actions, override);
});

test("a statement that names the repository comes before the one for everything", () => {
  const chosen = policy(scoped("*"), skipping({ name: "exact", registryScopes: ["a.example:5000/b/c"] }));
  const find = (name: string): string => selectStatement(chosen, parseImageName(name)).name;
  assert.equal(find("a.example:5000/b/c:1"), "exact");
  assert.equal(find(`a.example:5000/b/c@sha256:${"0".repeat(64)}`), "exact");
  for (const name of ["a.example:5000/b", "a.example:5000/b/c/d", "a.example/b/c", "b.example:5000/b/c"]) {
    assert.equal(find(name), "*");
  }
});

test("a short name is covered by the scope with its full name", () => {
  const chosen = policy(scoped("docker.io/library/bash"));
  assert.equal(selectStatement(chosen, parseImageName("bash")).level, "verify");
});

test("an image that no statement covers is not trusted", () => {
  const chosen = policy(scoped("a.example/b"));
  assert.throws(
    () => selectStatement(chosen, parseImageName("a.example/c")),
    expectedError("UNTRUSTED", /a.example\/c/),
  );
  assert.throws(() => selectStatement(chosen, undefined), expectedError("UNTRUSTED", /without a name/));
});

test("an image without a name is covered by the statement for everything", () => {
  assert.equal(selectStatement(policy(scoped("a.example/b"), scoped("*")), undefined).name, "*");
});
