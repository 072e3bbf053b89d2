import assert from "node:assert/strict";
import { test } from "node:test";
import { findConfigSecrets } from "../../../src/transform/config-secrets.js";

const rows: readonly (readonly [string, object, readonly string[]])[] = [
  ["nothing", {}, []],
  ["no lists", { config: null, history: {} }, []],
  ["a config that is a list", { config: [{ Env: ["API_TOKEN=x"] }], history: "x" }, []],
  ["a variable", { config: { Env: ["PATH=/bin", "API_TOKEN=hush"] } }, ["Env API_TOKEN"]],
  ["a variable of several lines", { config: { Env: ["DB_PASSWORD=a\nb"] } }, ["Env DB_PASSWORD"]],
  ["a variable without a value", { config: { Env: ["API_TOKEN=", "API_TOKEN", "=x"] } }, []],
  ["what is not text in Env", { config: { Env: [1, null, {}, "MY_SECRET=x"] } }, ["Env MY_SECRET"]],
  ["a variable twice", { config: { Env: ["A_SECRET=1", "A_SECRET=2"] } }, ["Env A_SECRET"]],
  ["an Env that is not a list", { config: { Env: { API_TOKEN: "x" } } }, []],
  [
    "build arguments and options of a command",
    {
      history: [
        { created_by: "RUN |1 NPM_TOKEN=hush /bin/sh -c npm ci" },
        { created_by: "RUN curl --api-key=hush https://x" },
        { created_by: "RUN X='y' DB_PASSWORD=\"hush\" make" },
        { created_by: "RUN make SIZE=3" },
      ],
    },
    ["history NPM_TOKEN", "history api-key", "history DB_PASSWORD"],
  ],
  [
    "steps without a command, or with one that is not text",
    { history: [{}, { created_by: 7 }, { created_by: null }, 3, null, { created_by: "RUN A_SECRET=x" }] },
    ["history A_SECRET"],
  ],
  [
    "one name in both",
    { config: { Env: ["A_SECRET=1"] }, history: [{ created_by: "ENV A_SECRET=1" }] },
    ["Env A_SECRET", "history A_SECRET"],
  ],
  ["a long name", { config: { Env: [`SECRET_${"x".repeat(200)}=1`] } }, [`Env SECRET_${"x".repeat(73)}`]],
];

for (const [what, config, expected] of rows) {
  test(`names of secrets in a config with ${what}`, () => {
    const found = findConfigSecrets(Buffer.from(JSON.stringify(config)));
    assert.deepEqual(
      found.map(({ where, name }) => `${where} ${name}`),
      expected,
    );
    assert.ok(!JSON.stringify(found).includes("hush"));
  });
}
