import assert from "node:assert/strict";
import { test } from "node:test";
import { credentialsHint, redactedReference } from "../../../src/oci/redacted-reference.js";

const digest = `sha256:${"a".repeat(64)}`;

test("credentials in a reference are not quoted, whatever stands around and in them", () => {
  for (const [text, shown] of [
    ["user:SECRET@localhost:7601/app:one", "***@localhost:7601/app:one"],
    [`user:SECRET@host/app:1@${digest}`, `***@host/app:1@${digest}`],
    ["user:SE@CR:ET/@host/app", "***@host/app"],
    [`user:SECRET@${digest}@host/app`, "***@host/app"],
    ["https://user:SECRET@host/app", "https://***@host/app"],
    ["https://SECRET@host/app", "https://***@host/app"],
    ["quay.io/user:SECRET@host/app", "***@host/app"],
    [`user:${"SECRET".repeat(200)}@host/app`, "***@host/app"],
    ["user:SECRET@", "***@"],
    ["user:SECRET@sha256:5000/app", "***@sha256:5000/app"],
  ] as const) {
    assert.equal(redactedReference(text), JSON.stringify(shown));
    assert.match(credentialsHint(text) ?? "", /--creds.*login/);
  }
});

test("a reference without credentials is quoted whole, and bounded", () => {
  for (const text of [
    "",
    "app",
    "UPPER:1",
    `app:1@${digest}`,
    `a@${digest}@${digest}`,
    "app:1@sha256:short",
    "app@1",
    "@",
  ]) {
    assert.equal(redactedReference(text), JSON.stringify(text));
    assert.equal(credentialsHint(text), undefined);
  }
  assert.equal(redactedReference("a\n".repeat(1000)).length, 300 + 150 + 2);
});
